"""What is over is forgotten in time, so that the memory of the box stays small."""

from __future__ import annotations

import sqlite3

from edge.store.audit import give_up
from edge.store.limits import Retention
from edge.store.table import Table

_OVER = """
    DELETE FROM incidents WHERE sent = 1 AND closed_wall IS NOT NULL AND closed_wall < :until
    AND closed_trusted AND NOT EXISTS (SELECT 1 FROM outbox WHERE incident = incidents.id)
"""
_SAID = """
    DELETE FROM plays WHERE changed_wall < :until AND changed_trusted
    AND state NOT IN ('queued', 'started')
"""
_ORDERED = """
    DELETE FROM commands WHERE received_wall < :until AND received_trusted
    AND outcome <> 'accepted'
"""


_CALENDAR = (
    """DELETE FROM occurrence_steps WHERE occurrence IN (SELECT id FROM occurrences
    WHERE at_s < :until AND state NOT IN ('planned', 'due', 'playing'))""",
    """DELETE FROM occurrences
    WHERE at_s < :until AND state NOT IN ('planned', 'due', 'playing')""",
)


class RetentionTable(Table):
    """Forgets by age; what has no trusted time is kept."""

    def forget_old(self, retention: Retention) -> int:
        """Forget what is older than its time; returns how many rows went.

        Nothing goes while our own clock is not trusted: a year that never was must not be
        counted.
        """
        now = self._clock.stamp()
        if not now.trusted:
            return 0

        def job(writer: sqlite3.Connection) -> int:
            until = now.wall_s - retention.incidents_s
            gone = writer.execute(_OVER, {"until": until}).rowcount
            gone += writer.execute(_SAID, {"until": until}).rowcount
            for statement in _CALENDAR:
                gone += writer.execute(statement, {"until": until}).rowcount
            orders_until = now.wall_s - retention.orders_s
            gone += writer.execute(_ORDERED, {"until": orders_until}).rowcount
            gone += writer.execute(
                "DELETE FROM grants WHERE granted_wall < ?", (orders_until,)
            ).rowcount
            return gone + give_up(writer, now.wall_s - retention.audit_s)

        return self._database.write(job)
