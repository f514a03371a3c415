"""What the box proposed to look less at, and what people decided about it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from edge.store.audit import AuditTable
from edge.store.records import TuningRecord
from edge.store.rows import insert, stamp_columns, stamp_of

_PLAIN = ("id", "camera", "kind", "what", "score", "state", "who")


class TuningTable(AuditTable):
    """Proposals, by camera; those that were decided stay, so that they can be undone."""

    def tunings(self, camera: str | None = None) -> list[TuningRecord]:
        """Those of one camera, or all; the newest change first."""
        rows = self._database.read(
            lambda reader: reader.execute(
                "SELECT * FROM tunings WHERE ?1 IS NULL OR camera = ?1 "
                "ORDER BY changed_wall DESC, id DESC",
                (camera,),
            ).fetchall()
        )
        return [_record(row) for row in rows]

    def propose_tuning(self, record: TuningRecord) -> None:
        """Keep a proposal; it takes the place of an undecided one about the same thing."""
        columns: dict[str, object] = {
            **{name: getattr(record, name) for name in _PLAIN},
            "polygon": json.dumps(record.polygon),
            "evidence": json.dumps(dict(record.evidence), ensure_ascii=False),
            **stamp_columns("made", record.made),
            **stamp_columns("changed", record.changed),
        }

        def job(writer: sqlite3.Connection) -> None:
            self._forget(writer, record.camera, record.kind, record.what)
            writer.execute(insert("tunings", columns), columns)

        self._database.write(job)

    def withdraw_tuning(self, camera: str, kind: str, what: str) -> None:
        """Forget an undecided proposal that nothing speaks for any more."""
        self._database.write(lambda writer: self._forget(writer, camera, kind, what))

    def decide_tuning(self, tuning: str, was: str, state: str, who: str) -> bool:
        """Write down, and into the audit log, what somebody decided.

        Returns:
            False when it is not known, or no longer in the state `was`.
        """
        changed = stamp_columns("changed", self._clock.stamp())

        def job(writer: sqlite3.Connection) -> bool:
            done = writer.execute(
                "UPDATE tunings SET state = :state, who = :who, changed_wall = :changed_wall, "
                "changed_mono = :changed_mono, changed_boot = :changed_boot, "
                "changed_trusted = :changed_trusted WHERE id = :id AND state = :was",
                {"id": tuning, "was": was, "state": state, "who": who, **changed},
            ).rowcount
            if done:
                self._write_audit(writer, who, "tuning", tuning, {"decision": state})
            return bool(done)

        return self._database.write(job)

    @staticmethod
    def _forget(writer: sqlite3.Connection, camera: str, kind: str, what: str) -> None:
        writer.execute(
            "DELETE FROM tunings WHERE camera = ? AND kind = ? AND what = ? AND state = 'proposed'",
            (camera, kind, what),
        )


def _record(row: sqlite3.Row) -> TuningRecord:
    evidence: Mapping[str, int | str] = json.loads(row["evidence"])
    return TuningRecord(
        **{name: row[name] for name in _PLAIN},
        polygon=tuple((float(x), float(y)) for x, y in json.loads(row["polygon"])),
        evidence=evidence,
        made=stamp_of(row, "made"),
        changed=stamp_of(row, "changed"),
    )
