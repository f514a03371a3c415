"""What the township has had, as a proof by day and to be sent again if it lost it."""

from __future__ import annotations

import hashlib
import json
import sqlite3

from edge.store.limits import DAY_S
from edge.store.outbox import OutboxTable
from edge.store.records import Lane, OutboxEntry

DIGEST_TYPE = "cn.village.digest.v1"


class SentTable(OutboxTable):
    """Rows that were acknowledged, for a while."""

    def queue_digest(self, day: str) -> bool:
        """Tell the township once a day what it should have; True if there was something to tell.

        The digest covers the numbers from the last one to the oldest row that still waits.

        Args:
            day: The local date, as `2026-11-18`; a date that was told already does nothing.
        """
        if self._told_day() == day:
            return False

        def job(writer: sqlite3.Connection) -> bool:
            known = dict(writer.execute("SELECT key, value FROM meta").fetchall())
            _put(writer, "digest_day", day)
            begun = int(known.get("digest_through", "0"))
            if known.get("digest_stream") != self.stream_id:
                begun = 0
            through = writer.execute(
                "SELECT min(coalesce((SELECT min(seq) FROM outbox), 1 << 60),"
                " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0) + 1) - 1"
            ).fetchone()[0]
            if through <= begun:
                return False
            digest = digest_of(
                [
                    (int(row["seq"]), str(row["id"]))
                    for row in writer.execute(
                        "SELECT seq, id FROM sent WHERE stream = ? AND seq BETWEEN ? AND ?",
                        (self.stream_id, begun + 1, through),
                    )
                ]
            )
            data = {
                "day": day,
                "first_seq": begun + 1,
                "last_seq": through,
                "count": digest[0],
                "sha256": digest[1],
            }
            entry = OutboxEntry(
                self._new_id(), DIGEST_TYPE, json.dumps(data).encode(), Lane.STATISTICS
            )
            self._append(writer, [entry])
            _put(writer, "digest_through", str(through))
            _put(writer, "digest_stream", self.stream_id)
            return True

        return self._database.write(job)

    def prune_sent(self) -> int:
        """Forget what was sent long ago, and the bodies that take too much room.

        Numbers and ids stay for the whole time, so that the digest is right. Returns how many
        rows lost their body or went.
        """
        limits, now = self.limits, self._clock.stamp()
        # A wrong clock must not throw away what the right one would keep.
        until_s = now.wall_s - limits.keep_sent_s if now.trusted else 0.0

        def job(writer: sqlite3.Connection) -> int:
            if now.trusted:
                writer.execute(
                    "UPDATE sent SET sent_wall = ? WHERE sent_wall > ?",
                    (now.wall_s, now.wall_s + DAY_S),
                )
            gone = writer.execute("DELETE FROM sent WHERE sent_wall < ?", (until_s,)).rowcount
            over = (
                writer.execute("SELECT coalesce(sum(length(data)), 0) FROM sent").fetchone()[0]
                - limits.keep_sent_bytes
            )
            # Pictures go first: each is still on the disk as evidence.
            bodies = writer.execute(
                "SELECT seq, length(data) AS size FROM sent WHERE data IS NOT NULL "
                "ORDER BY lane DESC, seq"
            )
            emptied: list[tuple[int]] = []
            for row in bodies:
                if over <= 0:
                    break
                emptied.append((row["seq"],))
                over -= row["size"]
            bodies.close()
            writer.executemany("UPDATE sent SET data = NULL WHERE seq = ?", emptied)
            return gone + len(emptied)

        return self._database.write(job)

    def _told_day(self) -> str:
        found = self._database.read(
            lambda reader: reader.execute(
                "SELECT value FROM meta WHERE key = 'digest_day'"
            ).fetchone()
        )
        return "" if found is None else str(found[0])


def digest_of(rows: list[tuple[int, str]]) -> tuple[int, str]:
    """How many rows, and the SHA-256 over `number:id` lines in the order of the numbers."""
    text = "".join(f"{seq}:{event}\n" for seq, event in sorted(rows))
    return len(rows), hashlib.sha256(text.encode()).hexdigest()


def _put(writer: sqlite3.Connection, key: str, value: str) -> None:
    writer.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))
