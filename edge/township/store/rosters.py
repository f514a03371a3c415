"""The duty roster and the notes from shift to shift, as pages, escalation and lists use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from edge.township.duty import Shift
from edge.township.store import duty
from edge.township.store.database import Database
from edge.township.store.place_tables import handovers
from edge.township.store.places import Outcome
from edge.township.store.portable import changed
from edge.township.store.sight import EVERYTHING, Sight


@dataclass(frozen=True, slots=True)
class Handover:
    """What one shift tells the next.

    Attributes:
        taken_at: When the next shift said that it has read it; None until then.
    """

    id: int
    at: float
    who: str
    to: str
    note: str
    taken_at: float | None


class Rosters:
    """Who is on duty. Errors are `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def shifts(self, start: float, end: float, sight: Sight = EVERYTHING) -> list[Shift]:
        """Turns that touch this time, earliest first."""
        with self._database.read() as connection:
            return duty.shifts_between(connection, start, end, sight)

    def on_duty(self, hub: str, *, now: float) -> list[Shift]:
        """Whom to call for an alert of this hub, in order of escalation."""
        with self._database.read() as connection:
            return duty.on_duty_for(connection, hub, now=now)

    def next_on_duty(self, hub: str, at: float, told: frozenset[str]) -> str | None:
        """The next person for a village at a moment who has not been told yet."""
        with self._database.read() as connection:
            found = duty.next_for(connection, hub, now=at, tried=told)
        return found.person if found else None

    def put(self, shifts: Sequence[Shift]) -> Outcome:
        """Add turns or give them to somebody else; all or none."""
        new = same = 0
        with self._database.write() as connection:
            for shift in shifts:
                if duty.one_shift(connection, shift) == shift:
                    same += 1
                else:
                    new += duty.put_shift(connection, shift)
        return Outcome(new, len(shifts) - new - same, same)

    def remove(self, village: str, starts_at: float, rank: int) -> bool:
        """Take a turn out; False if there was none."""
        with self._database.write() as connection:
            return duty.remove_shift(connection, village, starts_at, rank)

    def hand_over(self, who: str, to: str, note: str, *, now: float) -> None:
        """Write down what the next shift must know."""
        row = {"at": now, "who": who, "to": to, "note": note}
        with self._database.write() as connection:
            connection.execute(handovers.insert().values(**row))

    def take_over(self, number: int, who: str, *, now: float) -> bool:
        """Say that a note was read; False if it is not for this person or was taken already."""
        mine = (handovers.c.to == who) | ((handovers.c.to == "") & (handovers.c.who != who))
        taken = (
            handovers.update()
            .where(handovers.c.id == number, mine, handovers.c.taken_at.is_(None))
            .values(taken_at=now, to=who)
        )
        with self._database.write() as connection:
            return changed(connection, taken) == 1

    def handovers(self, limit: int = 20) -> list[Handover]:
        """Newest first."""
        query = sa.select(handovers).order_by(handovers.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            rows: list[Any] = list(connection.execute(query).mappings())
        return [Handover(**row) for row in rows]
