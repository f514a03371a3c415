"""Nobody is forgotten: when a step is overdue the next person on duty is told, once each."""

from __future__ import annotations

import asyncio
import logging

from edge.clock import Clock
from edge.errors import EdgeError
from edge.township.cases.desk import Desk
from edge.township.cases.roster import Roster
from edge.township.store.casebook import CaseBook

log = logging.getLogger(__name__)

EVERY_S = 2.0


class Escalation:
    """Looks for overdue cases. What it did is in the database, so a restart repeats nothing."""

    def __init__(self, book: CaseBook, desk: Desk, roster: Roster, clock: Clock) -> None:
        self._book = book
        self._desk = desk
        self._roster = roster
        self._clock = clock

    def run_once(self) -> int:
        """Tell whoever is next for each overdue case; returns how many cases were escalated.

        Raises:
            StoreError: The database cannot be read or written.
        """
        now, done = self._clock.wall(), 0
        for case in self._book.to_escalate(now=now):
            told = self._book.told_so_far(case) | {case.told}
            done += self._desk.escalate(case, self._roster.next_on_duty(case.hub, now, told))
        return done

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.run_once)
            except EdgeError as error:
                log.warning("escalation failed reason=%r", str(error))
            await asyncio.sleep(EVERY_S)
