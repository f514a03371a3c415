"""What the township must still learn: written with the event, gone only after its own ack."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from edge.store.limits import OutboxLimits
from edge.store.records import Lane, OutboxEntry, OutboxRow, OutboxWindow
from edge.store.rows import insert, stamp_columns, stamp_of
from edge.store.table import Table

UNDATED_S = 1e12
INCIDENT_TYPE = "cn.village.incident.v1"

_MOVED = (
    "seq, id, type, data, lane, expires_s, incident, rev, "
    "created_wall, created_mono, created_boot, created_trusted"
)
_MARK_SENT = """
    UPDATE incidents SET sent = 1 WHERE sent = 0 AND EXISTS (SELECT 1 FROM outbox
    WHERE seq BETWEEN ? AND ? AND incident = incidents.id AND outbox.rev >= incidents.rev)
    AND id IN (SELECT incident FROM outbox WHERE seq BETWEEN ? AND ? AND incident IS NOT NULL)
"""
_NEXT = """
    SELECT * FROM outbox WHERE seq NOT IN (SELECT value FROM json_each(:skip))
    ORDER BY lane, seq LIMIT :limit
"""
_NEXT_OF_BACKLOG = """
    SELECT outbox.* FROM (
        SELECT seq FROM outbox WHERE seq NOT IN (SELECT value FROM json_each(:skip))
        ORDER BY lane, seq < :backlog, CASE WHEN seq < :backlog THEN -seq ELSE seq END
        LIMIT :limit) AS chosen JOIN outbox USING (seq)
    ORDER BY lane, seq < :backlog, CASE WHEN seq < :backlog THEN -seq ELSE seq END
"""


class OutboxTable(Table):
    """The outbox, ordered by lane and sequence number.

    Attributes:
        limits: How much it may hold.
    """

    limits = OutboxLimits()

    def pending(
        self, limit: int, in_flight: frozenset[int] = frozenset(), *, backlog_until: int = 0
    ) -> list[OutboxRow]:
        """The next rows to send, most urgent lane first, oldest first within a lane.

        Args:
            limit: At most so many.
            in_flight: Sequence numbers that are under way and must not be given again.
            backlog_until: Rows below this number waited for long: within a lane they come after
                the fresh ones, the newest of them first.
        """
        values = {"skip": json.dumps(sorted(in_flight)), "limit": limit, "backlog": backlog_until}
        statement = _NEXT_OF_BACKLOG if backlog_until else _NEXT
        rows = self._database.read(lambda reader: reader.execute(statement, values).fetchall())
        return [_row(row) for row in rows]

    def acknowledge(self, stream: str, ranges: Iterable[tuple[int, int]]) -> int:
        """Let go of rows the township has committed; inclusive ranges. Returns how many went.

        They can be queued again for a while; see `SentTable`. An incident counts as sent when the
        row of its newest revision is among them. Ranges of another stream (an older database)
        are ignored.
        """
        if stream != self.stream_id:
            return 0
        pairs = list(ranges)
        # When this was is counted from the first moment the time is known.
        now_s = self._clock.wall() if self._clock.trusted() else UNDATED_S

        def job(writer: sqlite3.Connection) -> int:
            gone = 0
            for first, last in pairs:
                writer.execute(_MARK_SENT, (first, last, first, last))
                writer.execute(
                    f"INSERT OR REPLACE INTO sent ({_MOVED}, stream, sent_wall) "  # noqa: S608
                    f"SELECT {_MOVED}, ?, ? FROM outbox WHERE seq BETWEEN ? AND ?",
                    (stream, now_s, first, last),
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

    def requeue(self, stream: str, ranges: Sequence[tuple[int, int]]) -> int:
        """Queue rows again that the township had and lost; returns how many there were.

        They keep their numbers and ids. What is no longer kept is left out.
        """
        if stream != self.stream_id:
            return 0

        def job(writer: sqlite3.Connection) -> int:
            back = 0
            for first, last in ranges:
                which = "seq BETWEEN ? AND ? AND data IS NOT NULL AND stream = ?"
                back += writer.execute(
                    f"INSERT OR IGNORE INTO outbox ({_MOVED}) "  # noqa: S608
                    f"SELECT {_MOVED} FROM sent WHERE {which}",
                    (first, last, stream),
                ).rowcount
                writer.execute(f"DELETE FROM sent WHERE {which}", (first, last, stream))  # noqa: S608
            return back

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
            lasts_s = self.limits.lasts_s.get(entry.lane)
            columns: dict[str, object] = {
                "id": entry.id,
                "type": entry.type,
                "data": entry.data,
                "lane": int(entry.lane),
                "expires_s": lasts_s if entry.expires_s is None else entry.expires_s,
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
