"""Which days are worked in China: public holidays, their make-up working days, and own changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

SATURDAY = 6


class DaysOff(Protocol):
    """What a rule asks about a day."""

    def free(self, day: date) -> bool: ...


@dataclass(frozen=True, slots=True)
class OwnDays:
    """What a village or township knows better than the built-in holidays.

    Attributes:
        off: Days that are free although they are not known to be.
        work: Days that are worked although they look free.
        years: Years whose arrangement is thereby complete.
    """

    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()


@dataclass(slots=True)
class ChineseDays:
    """The arrangement of the State Council as far as it is published; own days come first.

    For a year that is not published yet the statutory holidays and plain weekends are taken, and
    `published` says so.
    """

    own: OwnDays = field(default_factory=OwnDays)
    _years: dict[int, tuple[Mapping[date, str], frozenset[date]]] = field(default_factory=dict)

    def free(self, day: date) -> bool:
        """Whether it is a holiday or an ordinary weekend."""
        if day in self.own.work:
            return False
        if day in self.own.off:
            return True
        names, made_up = self._year(day.year)
        if day in made_up:
            return False
        return day in names or day.isoweekday() >= SATURDAY

    def name(self, day: date) -> str:
        """What the holiday is called in Chinese; empty on other days."""
        return "" if day in self.own.work else self._year(day.year)[0].get(day, "")

    def made_up(self, day: date) -> bool:
        """Whether it is a weekend day that is worked."""
        return day.isoweekday() >= SATURDAY and not self.free(day)

    def published(self, year: int) -> bool:
        """Whether the make-up days of a year are known."""
        return year in self.own.years or bool(self._year(year)[1])

    def _year(self, year: int) -> tuple[Mapping[date, str], frozenset[date]]:
        if year not in self._years:
            # Imported here: it is large, and most boxes never ask.
            from holidays.countries.china import China  # noqa: PLC0415

            known = China(years=year, language="zh_CN")  # type: ignore[no-untyped-call]
            names = {day: name for day, name in known.items() if day.year == year}
            swaps = frozenset(day for day in known.weekend_workdays if day.year == year)
            self._years[year] = (names, swaps)
        return self._years[year]
