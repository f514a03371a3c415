"""The spans reports are made of, in Chinese time: weeks, ten-day spans (旬) and months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from edge.site.times import ZONE

FIRST_DAY, LAST_DAY = date(1970, 2, 1), date(2099, 11, 30)
"""Beyond these a span is cut to the last one that every database can hold."""


class Kind(StrEnum):
    """Which report."""

    WEEK = "week"
    """周汇报: Monday to Sunday."""
    TEN_DAYS = "ten-days"
    """旬研判: the 1st to 10th, 11th to 20th, and 21st to the end of a month."""
    MONTH = "month"
    """月调度: a calendar month."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, from `first` until before `after`."""

    kind: Kind
    first: date
    after: date

    @property
    def start(self) -> float:
        """Unix seconds of its first moment."""
        return _midnight(self.first)

    @property
    def end(self) -> float:
        """Unix seconds of the first moment behind it."""
        return _midnight(self.after)

    @property
    def last(self) -> date:
        return self.after - timedelta(days=1)

    @property
    def id(self) -> str:
        """In addresses and names of files, for example `week-2026-11-16`."""
        return f"{self.kind.value}-{self.first.isoformat()}"

    def before(self) -> Period:
        """The one that ended when this one began."""
        return period_of(self.kind, self.first - timedelta(days=1))

    def following(self) -> Period:
        """The one that begins when this one ends."""
        return period_of(self.kind, self.after)


def period_of(kind: Kind, day: date) -> Period:
    """The span of a kind that a day belongs to."""
    day = max(FIRST_DAY, min(LAST_DAY, day))
    match kind:
        case Kind.WEEK:
            first = day - timedelta(days=day.weekday())
            return Period(kind, first, first + timedelta(days=7))
        case Kind.TEN_DAYS:
            part = min(2, (day.day - 1) // 10)
            first = day.replace(day=1 + 10 * part)
            after = first + timedelta(days=10) if part < 2 else _next_month(day)
            return Period(kind, first, after)
        case Kind.MONTH:
            return Period(kind, day.replace(day=1), _next_month(day))


def day_of(wall_s: float) -> date:
    """The local day of a moment (Unix seconds)."""
    return datetime.fromtimestamp(wall_s, tz=ZONE).date()


def read_period(text: str) -> Period | None:
    """The span whose `id` this is; None for any other text."""
    for kind in Kind:
        if text.startswith(f"{kind.value}-"):
            try:
                found = period_of(kind, date.fromisoformat(text.removeprefix(f"{kind.value}-")))
            except ValueError:
                return None
            return found if found.id == text else None
    return None


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), tzinfo=ZONE).timestamp()
