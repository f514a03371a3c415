"""Incidents as the box remembers them, each saved together with what the township must learn."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from edge.clock import Stamp, corrected
from edge.store.audit import AuditTable
from edge.store.outbox import OutboxTable
from edge.store.records import Incident, OutboxEntry
from edge.store.rows import stamp_columns, stamp_of, stamp_or_none, upsert

_KEPT_BY_OTHERS = frozenset({"sent", "verdict", "reason"})
_PLAIN = (
    *("id", "rev", "kind", "severity", "camera", "camera_name", "zone", "zone_name"),
    *("label", "score", "count", "dwell_s", "evidence", "verdict"),
    *("rule", "reason"),
)


class IncidentTable(OutboxTable, AuditTable):
    """Incidents, newest first."""

    def save_incident(self, incident: Incident, entries: Sequence[OutboxEntry]) -> list[int]:
        """Add or replace an incident and queue its messages, in one transaction.

        The evidence file must already be on the disk. `sent` and `verdict` of a known incident
        stay as they are (a new revision is unsent); they belong to `acknowledge` and
        `set_verdict`. An older revision than the known one is not written over it.

        Returns:
            The sequence numbers of the entries.

        Raises:
            StoreFull: The disk is full or read-only; neither incident nor message was kept.
        """
        # Who holds an incident since before the clock was right must not bring the old times back.
        columns = _columns(_timed(incident, self._clock.stamp()))

        def job(writer: sqlite3.Connection) -> list[int]:
            statement = upsert("incidents", columns, "id", _KEPT_BY_OTHERS)
            writer.execute(
                f"{statement}, sent = incidents.sent AND excluded.rev = incidents.rev "
                "WHERE excluded.rev >= incidents.rev",
                columns,
            )
            return self._append(writer, entries, incident=incident.id, rev=incident.rev)

        return self._database.write(job)

    def incident(self, incident_id: str) -> Incident | None:
        """One incident, or None."""
        found = self._find("id = :id", {"id": incident_id, "limit": 1})
        return found[0] if found else None

    def incidents(
        self,
        limit: int,
        before: str | None = None,
        camera: str | None = None,
        *,
        open_only: bool = False,
    ) -> list[Incident]:
        """Newest first.

        Args:
            limit: At most so many.
            before: Id of the last incident of the page before; an unknown id gives nothing.
            camera: Only of this camera.
            open_only: Only those that have not closed.
        """
        conditions = ["1"]
        if before is not None:
            conditions.append("number < (SELECT number FROM incidents WHERE id = :before)")
        if camera is not None:
            conditions.append("camera = :camera")
        if open_only:
            conditions.append("closed_wall IS NULL")
        values = {"before": before, "camera": camera, "limit": limit}
        return self._find(" AND ".join(conditions), values)

    def open_incidents(self) -> list[Incident]:
        """Every incident that has not closed, newest first."""
        return self._find("closed_wall IS NULL", {"limit": -1})

    def evidence_in_use(self) -> frozenset[str]:
        """SHA-256 of the pictures that must not be pruned: of open or unsent incidents."""
        rows = self._database.read(
            lambda reader: reader.execute(
                "SELECT DISTINCT evidence FROM incidents "
                "WHERE evidence <> '' AND (closed_wall IS NULL OR sent = 0)"
            ).fetchall()
        )
        return frozenset(row[0] for row in rows)

    def set_verdict(self, incident_id: str, verdict: str, who: str, reason: str = "") -> bool:
        """Write down what people think of it, who, and why; False if it is unknown."""

        def job(writer: sqlite3.Connection) -> bool:
            changed = writer.execute(
                "UPDATE incidents SET verdict = ?, reason = ? WHERE id = ?",
                (verdict, reason, incident_id),
            ).rowcount
            if changed:
                detail = {"verdict": verdict} | ({"reason": reason} if reason else {})
                self._write_audit(writer, who, "verdict", incident_id, detail)
            return bool(changed)

        return self._database.write(job)

    def _find(self, condition: str, values: Mapping[str, object]) -> list[Incident]:
        # The condition is put together from the fixed texts above, never from outside.
        statement = f"SELECT * FROM incidents WHERE {condition} ORDER BY number DESC LIMIT :limit"  # noqa: S608
        rows = self._database.read(lambda reader: reader.execute(statement, values).fetchall())
        return [_incident(row) for row in rows]


def _timed(incident: Incident, now: Stamp) -> Incident:
    closed = None if incident.closed is None else corrected(incident.closed, now)
    return replace(
        incident,
        opened=corrected(incident.opened, now),
        seen=corrected(incident.seen, now),
        closed=closed,
    )


def _columns(incident: Incident) -> dict[str, object]:
    return {
        **{name: getattr(incident, name) for name in _PLAIN},
        "box": None if incident.box is None else json.dumps(incident.box),
        "sent": int(incident.sent),
        **stamp_columns("opened", incident.opened),
        **stamp_columns("seen", incident.seen),
        **stamp_columns("closed", incident.closed),
    }


def _incident(row: sqlite3.Row) -> Incident:
    box = None
    if row["box"] is not None:
        left, top, right, bottom = json.loads(row["box"])
        box = (left, top, right, bottom)
    return Incident(
        **{name: row[name] for name in _PLAIN},
        box=box,
        sent=bool(row["sent"]),
        opened=stamp_of(row, "opened"),
        seen=stamp_of(row, "seen"),
        closed=stamp_or_none(row, "closed"),
    )
