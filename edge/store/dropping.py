"""What leaves the outbox unsent: too old, superseded, or too much; and never without a word.

Every drop is written down in the same transaction as an event of type `cn.village.expired.v1`
with the exact numbers, so that the township can tell a dropped row from a lost one.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from edge.store.outbox import INCIDENT_TYPE, OutboxTable
from edge.store.records import Lane, OutboxEntry

EXPIRED_TYPE = "cn.village.expired.v1"
SPEAKER_TYPE = "cn.village.speaker.v1"

_MOST_RANGES = 200
_LEAST_LANE_TO_DROP = Lane.CAMERA_HEALTH

# Of this boot the monotonic clock decides. Of an earlier boot only two trusted wall clocks can;
# without them nothing is thrown away.
_TOO_OLD = """
    expires_s IS NOT NULL AND (
        (created_boot = :boot AND :mono - created_mono > expires_s)
        OR (created_boot <> :boot AND created_trusted AND :trusted
            AND :wall - created_wall > expires_s))
"""
# Only what lies between opening and closing: both ends of a story are always told.
_SUPERSEDED_ALERTS = """
    SELECT older.* FROM outbox AS older JOIN (
        SELECT incident, max(rev) AS newest FROM outbox WHERE type = :type GROUP BY incident
    ) AS known ON known.incident = older.incident
    WHERE older.type = :type AND older.rev > 1 AND older.rev < known.newest
"""
_RECEIPTS = """
    SELECT *, json_extract(CAST(data AS TEXT), '$.announcement') AS announcement,
           json_extract(CAST(data AS TEXT), '$.speaker') AS speaker
    FROM outbox WHERE type = :type AND json_valid(CAST(data AS TEXT))
    AND announcement IS NOT NULL ORDER BY seq DESC
"""
# The least urgent lane first, and the oldest of it.
_BULK = """
    SELECT * FROM outbox WHERE lane >= :lane AND type <> :notice ORDER BY lane DESC, seq
"""


class DroppingTable(OutboxTable):
    """Keeps the outbox within its bounds."""

    def expire(self) -> int:
        """Drop rows past their useful life, and the least urgent ones beyond the bounds.

        Returns how many went. Alerts and the receipts of emergencies are never among them.
        """
        now = self._clock.stamp()
        when = {
            "boot": now.boot_id,
            "mono": now.mono_s,
            "wall": now.wall_s,
            "trusted": int(now.trusted),
        }
        if not self._database.read(lambda reader: self._anything_to_drop(reader, when)):
            return 0

        def job(writer: sqlite3.Connection) -> int:
            old = writer.execute(f"SELECT * FROM outbox WHERE {_TOO_OLD}", when).fetchall()  # noqa: S608
            gone = self._drop(writer, old, "expired")
            return gone + self._drop(writer, self._too_much(writer), "full")

        return self._database.write(job)

    def coalesce(self) -> int:
        """Drop states that a later row supersedes; for after a long time without the township.

        Of an incident its opening and its newest revision stay, of an announcement on a
        loudspeaker the newest receipt. Returns how many went.
        """

        def job(writer: sqlite3.Connection) -> int:
            rows = writer.execute(_SUPERSEDED_ALERTS, {"type": INCIDENT_TYPE}).fetchall()
            gone = self._drop(writer, rows, "superseded")
            known: set[tuple[str, str]] = set()
            late: list[sqlite3.Row] = []
            for row in writer.execute(_RECEIPTS, {"type": SPEAKER_TYPE}).fetchall():
                what = (row["announcement"], row["speaker"])
                (late.append(row) if what in known else known.add(what))
            return gone + self._drop(writer, late, "superseded")

        return self._database.write(job)

    def _anything_to_drop(self, reader: sqlite3.Connection, when: dict[str, Any]) -> bool:
        old = reader.execute(f"SELECT 1 FROM outbox WHERE {_TOO_OLD} LIMIT 1", when).fetchone()  # noqa: S608
        return old is not None or self._excess(reader) != (0, 0)

    def _excess(self, reader: sqlite3.Connection) -> tuple[int, int]:
        """Rows and bytes beyond the bounds, as far as something may be dropped."""
        rows, held = reader.execute(
            "SELECT count(*), coalesce(sum(length(data)), 0) FROM outbox"
        ).fetchone()
        over = max(0, rows - self.limits.max_rows), max(0, held - self.limits.max_bytes)
        if over == (0, 0):
            return over
        bulk = reader.execute(
            "SELECT count(*) FROM outbox WHERE lane >= ? AND type <> ?",
            (int(_LEAST_LANE_TO_DROP), EXPIRED_TYPE),
        ).fetchone()[0]
        return over if bulk else (0, 0)

    def _too_much(self, reader: sqlite3.Connection) -> list[sqlite3.Row]:
        rows_over, bytes_over = self._excess(reader)
        chosen: list[sqlite3.Row] = []
        values = {"lane": int(_LEAST_LANE_TO_DROP), "notice": EXPIRED_TYPE}
        for row in reader.execute(_BULK, values):
            if rows_over <= 0 and bytes_over <= 0:
                break
            chosen.append(row)
            rows_over -= 1
            bytes_over -= len(row["data"])
        return chosen

    def _drop(self, writer: sqlite3.Connection, rows: Sequence[sqlite3.Row], reason: str) -> int:
        """Delete rows and leave one notice per type; an unsent earlier notice is taken up."""
        by_type: defaultdict[str, list[sqlite3.Row]] = defaultdict(list)
        for row in rows:
            by_type[row["type"]].append(row)
        writer.executemany("DELETE FROM outbox WHERE seq = ?", [(row["seq"],) for row in rows])
        for type_, gone in sorted(by_type.items()):
            seqs = [int(row["seq"]) for row in gone]
            since = min(float(row["created_wall"]) for row in gone)
            until = max(float(row["created_wall"]) for row in gone)
            count = len(gone)
            earlier = _earlier_notice(writer, type_, reason)
            if earlier is not None:
                seq, known = earlier
                writer.execute("DELETE FROM outbox WHERE seq = ?", (seq,))
                seqs += [
                    seq,
                    *(n for first, last in known["ranges"] for n in range(first, last + 1)),
                ]
                count += known["count"]
                since, until = min(since, known["since_s"]), max(until, known["until_s"])
            notices = [
                OutboxEntry(
                    id=self._new_id(),
                    type=EXPIRED_TYPE,
                    data=_notice(type_, reason, part, of, since_s=since, until_s=until),
                    lane=Lane.STATISTICS,
                )
                for part, of in _parts(_merged(seqs), count)
            ]
            self._append(writer, notices)
        return len(rows)


def _earlier_notice(
    writer: sqlite3.Connection, type_: str, reason: str
) -> tuple[int, dict[str, Any]] | None:
    """The newest unsent notice of the same kind, unless it is full."""
    for row in writer.execute(
        "SELECT seq, data FROM outbox WHERE type = ? ORDER BY seq DESC LIMIT 20", (EXPIRED_TYPE,)
    ):
        known = json.loads(row["data"])
        if (known["type"], known.get("reason")) == (type_, reason):
            full = len(known["ranges"]) >= _MOST_RANGES - 1
            return None if full else (int(row["seq"]), known)
    return None


def _notice(
    type_: str,
    reason: str,
    ranges: list[tuple[int, int]],
    count: int,
    *,
    since_s: float,
    until_s: float,
) -> bytes:
    return json.dumps(
        {
            "type": type_,
            "count": count,
            "first_seq": ranges[0][0],
            "last_seq": ranges[-1][1],
            "reason": reason,
            "ranges": ranges,
            "since_s": since_s,
            "until_s": until_s,
        }
    ).encode()


def _parts(
    ranges: list[tuple[int, int]], count: int
) -> Iterable[tuple[list[tuple[int, int]], int]]:
    """Few enough ranges for one message each; the counts add up."""
    left = count
    for at in range(0, len(ranges), _MOST_RANGES):
        part = ranges[at : at + _MOST_RANGES]
        rows = sum(last - first + 1 for first, last in part)
        of = left if at + _MOST_RANGES >= len(ranges) else min(rows, left - 1)
        left -= of
        yield part, max(1, of)


def _merged(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Inclusive ranges that cover exactly these numbers, in order."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
