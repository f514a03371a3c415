"""What the township must still learn: written with the event, gone only after its own ack."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from edge.store.records import Lane, OutboxEntry, OutboxRow, OutboxWindow
from edge.store.rows import insert, stamp_columns, stamp_of
from edge.store.table import Table

INCIDENT_TYPE = "cn.village.incident.v1"
EXPIRED_TYPE = "cn.village.expired.v1"

# Of this boot the monotonic clock decides. Of an earlier boot only two trusted wall clocks can;
# without them nothing is thrown away.
_TOO_OLD = """
    expires_s IS NOT NULL AND (
        (created_boot = :boot AND :mono - created_mono > expires_s)
        OR (created_boot <> :boot AND created_trusted AND :trusted
            AND :wall - created_wall > expires_s))
"""


class OutboxTable(Table):
    """The outbox, ordered by lane and sequence number."""

    def pending(self, limit: int, in_flight: frozenset[int] = frozenset()) -> list[OutboxRow]:
        """The next rows to send, most urgent lane first, oldest first within a lane.

        Args:
            limit: At most so many.
            in_flight: Sequence numbers that are under way and must not be given again.
        """
        skip = json.dumps(sorted(in_flight))
        rows = self._database.read(
            lambda reader: reader.execute(
                "SELECT * FROM outbox WHERE seq NOT IN (SELECT value FROM json_each(?)) "
                "ORDER BY lane, seq LIMIT ?",
                (skip, limit),
            ).fetchall()
        )
        return [_row(row) for row in rows]

    def acknowledge(self, stream: str, ranges: Iterable[tuple[int, int]]) -> int:
        """Forget rows the township has committed; inclusive ranges. Returns how many went.

        An incident counts as sent when the row of its newest revision is among them. Ranges of
        another stream (an older database) are ignored.
        """
        if stream != self.stream_id:
            return 0
        pairs = list(ranges)

        def job(writer: sqlite3.Connection) -> int:
            gone = 0
            for first, last in pairs:
                writer.execute(
                    "UPDATE incidents SET sent = 1 WHERE sent = 0 AND EXISTS (SELECT 1 FROM outbox "
                    "WHERE seq BETWEEN ? AND ? AND incident = incidents.id "
                    "AND outbox.rev >= incidents.rev) AND id IN (SELECT incident FROM outbox "
                    "WHERE seq BETWEEN ? AND ? AND incident IS NOT NULL)",
                    (first, last, first, last),
                )
                gone += writer.execute(
                    "DELETE FROM outbox WHERE seq BETWEEN ? AND ?", (first, last)
                ).rowcount
            return gone

        return self._database.write(job)

    def window(self) -> OutboxWindow:
        """The outbox as numbers, for the heartbeat."""
        now = self._clock.stamp()

        def question(reader: sqlite3.Connection) -> OutboxWindow:
            reader.execute("BEGIN")
            try:
                stream = _stream(reader)
                queued = reader.execute("SELECT count(*) FROM outbox").fetchone()[0]
                oldest = reader.execute("SELECT * FROM outbox ORDER BY seq LIMIT 1").fetchone()
                last = reader.execute(
                    "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
                ).fetchone()
            finally:
                reader.execute("COMMIT")
            next_seq = 1 if last is None else last[0] + 1
            if oldest is None:
                return OutboxWindow(stream, next_seq, next_seq, 0, 0.0)
            made = stamp_of(oldest, "created")
            same_boot = made.boot_id == now.boot_id
            age_s = now.mono_s - made.mono_s if same_boot else now.wall_s - made.wall_s
            return OutboxWindow(stream, oldest["seq"], next_seq, queued, max(0.0, age_s))

        return self._database.read(question)

    def expire(self) -> int:
        """Drop rows past their useful life and tell the township so, in one transaction.

        One row of type `cn.village.expired.v1` is written per type. Returns how many went.
        """
        now = self._clock.stamp()
        when = {
            "boot": now.boot_id,
            "mono": now.mono_s,
            "wall": now.wall_s,
            "trusted": int(now.trusted),
        }
        if not self._database.read(
            lambda reader: reader.execute(
                f"SELECT 1 FROM outbox WHERE {_TOO_OLD} LIMIT 1",  # noqa: S608
                when,
            ).fetchone()
        ):
            return 0

        def job(writer: sqlite3.Connection) -> int:
            groups = writer.execute(
                "SELECT type, count(*) AS count, min(seq) AS first_seq, max(seq) AS last_seq "  # noqa: S608
                f"FROM outbox WHERE {_TOO_OLD} GROUP BY type",
                when,
            ).fetchall()
            writer.execute(f"DELETE FROM outbox WHERE {_TOO_OLD}", when)  # noqa: S608
            told = [
                OutboxEntry(
                    id=self._new_id(),
                    type=EXPIRED_TYPE,
                    data=json.dumps(dict(group)).encode(),
                    lane=Lane.STATISTICS,
                )
                for group in groups
            ]
            self._append(writer, told)
            return int(sum(group["count"] for group in groups))

        return self._database.write(job)

    def _append(
        self,
        writer: sqlite3.Connection,
        entries: Sequence[OutboxEntry],
        *,
        incident: str | None = None,
        rev: int | None = None,
    ) -> list[int]:
        """Write entries in the transaction of the caller; returns their sequence numbers."""
        now = self._clock.stamp()
        numbers: list[int] = []
        for entry in entries:
            tells = entry.type == INCIDENT_TYPE
            columns: dict[str, object] = {
                "id": entry.id,
                "type": entry.type,
                "data": entry.data,
                "lane": int(entry.lane),
                "expires_s": entry.expires_s,
                "incident": incident if tells else None,
                "rev": rev if tells else None,
                **stamp_columns("created", now),
            }
            seq = writer.execute(insert("outbox", columns), columns).lastrowid
            numbers.append(int(seq or 0))
        return numbers


def _stream(reader: sqlite3.Connection) -> str:
    return str(reader.execute("SELECT value FROM meta WHERE key = 'stream'").fetchone()[0])


def _row(row: sqlite3.Row) -> OutboxRow:
    entry = OutboxEntry(row["id"], row["type"], row["data"], Lane(row["lane"]), row["expires_s"])
    return OutboxRow(row["seq"], entry, stamp_of(row, "created"))
