"""Records of a boot whose clock was wrong, put right once the time is known."""

from __future__ import annotations

import json
import sqlite3

from edge.clock import Stamp
from edge.store.outbox import OutboxTable
from edge.store.records import Lane, OutboxEntry

CLOCK_TYPE = "cn.village.clock.v1"

_STAMPED = (
    *(("incidents", part) for part in ("opened", "seen", "closed")),
    *(("plays", part) for part in ("requested", "changed")),
    ("outbox", "created"),
    ("sent", "created"),
    ("commands", "received"),
    ("audit", "at"),
    ("programmes", "changed"),
    ("occurrences", "changed"),
    ("occurrence_steps", "at"),
)


class BootTable(OutboxTable):
    """The moments of untrusted clocks, and what they really were."""

    def restamp(self, now: Stamp) -> int:
        """Give every untrusted moment of this boot its real time, and tell the township.

        Does nothing while the clock is not trusted, and only once in a boot.

        Args:
            now: The trusted present.

        Returns:
            How many moments were corrected.

        Raises:
            StoreError: Nothing was corrected.
        """
        if not now.trusted or self._is_known(now.boot_id):
            return 0
        offset_s = now.wall_s - now.mono_s

        def job(writer: sqlite3.Connection) -> int:
            corrected = 0
            for table, part in _STAMPED:
                corrected += writer.execute(
                    f"UPDATE {table} SET {part}_wall = {part}_mono + ?, {part}_trusted = 1 "  # noqa: S608
                    f"WHERE {part}_boot = ? AND {part}_trusted = 0",
                    (offset_s, now.boot_id),
                ).rowcount
            writer.execute(
                "INSERT OR REPLACE INTO boots (boot_id, offset_s) VALUES (?, ?)",
                (now.boot_id, offset_s),
            )
            if corrected:
                data = {"bootid": now.boot_id, "offset_s": round(offset_s, 3)}
                entry = OutboxEntry(
                    self._new_id(), CLOCK_TYPE, json.dumps(data).encode(), Lane.RECEIPT
                )
                self._append(writer, [entry])
            return corrected

        return self._database.write(job)

    def _is_known(self, boot_id: str) -> bool:
        found = self._database.read(
            lambda reader: reader.execute(
                "SELECT 1 FROM boots WHERE boot_id = ?", (boot_id,)
            ).fetchone()
        )
        return found is not None
