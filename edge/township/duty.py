"""Who is on duty now, and who is called next when nobody acts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's turn.

    Attributes:
        village: 12-digit code; empty means the whole township.
        starts_at, ends_at: Unix seconds; the end is not part of it.
        rank: Order of escalation; 1 is called first.
        person: Account name.
    """

    village: str
    starts_at: float
    ends_at: float
    rank: int
    person: str
    phone: str = ""
    note: str = ""

    def covers(self, now: float) -> bool:
        return self.starts_at <= now < self.ends_at


def on_duty(shifts: Iterable[Shift], *, village: str, now: float) -> list[Shift]:
    """Whom to call for a village, in order: its own people by rank, then the township's.

    Nobody is named twice.
    """
    here = [one for one in shifts if one.covers(now) and one.village in {village, ""}]
    here.sort(key=lambda one: (one.village == "", one.rank, one.starts_at, one.person))
    first: dict[str, Shift] = {}
    for one in here:
        first.setdefault(one.person, one)
    return list(first.values())


def next_on_duty(
    shifts: Iterable[Shift], *, village: str, now: float, tried: Iterable[str] = ()
) -> Shift | None:
    """The first person on duty who was not tried yet; None when nobody is left."""
    asked = set(tried)
    return next(
        (one for one in on_duty(shifts, village=village, now=now) if one.person not in asked), None
    )
