"""The Chinese lunar date of a day, from a table of month lengths; 2019 to 2099."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cache

FIRST_YEAR = 2019
FIRST_DAY = date(2019, 2, 5)
_YEARS = (
    "00C95 4152E 00556 00AB5 215B2 006D2 60EA5 00725 0064B 50C97 00CAB 0055A "
    "30AD6 00B69 B1752 00B52 00B25 61A4B 00A4B 004AB 5055B 005AD 00B6A 21B52 "
    "00D92 71D25 00D25 00A55 514AD 004B6 005B5 30DAA 00EC9 81E92 00E92 00D26 "
    "60A56 00A57 004D6 406D5 00755 00749 30E93 00693 7152B 0052B 00A5B 5155A "
    "0056A 00B65 4174A 00B4A 81A95 00A95 0052D 60AAD 00AB5 005AA 40BA5 00DA5 "
    "00D4A 31C95 00C96 7194E 00556 00AB5 515B2 006D2 00EA5 40E4A 0068B 80C97 "
    "004AB 0055B 60AD6 00B6A 00752 41725 00B45 00A8B 2149B"
)
"""One year each: the leap month (0: none), then four hex digits whose bit n says that the n-th
month of the year has 30 days, else 29. The new moon of September 2057 falls seconds after midnight:
older tables have it a day earlier."""


@dataclass(frozen=True, slots=True)
class LunarDay:
    """A day of the lunar calendar.

    Attributes:
        year: The lunar year by the solar year in which it begins.
        month: 1 to 12.
        leap: Whether it is the second month of this number.
        day: 1 to 30.
        length: Days of the month, 29 or 30.
    """

    year: int
    month: int
    leap: bool
    day: int
    length: int


def lunar_day(day: date) -> LunarDay | None:
    """The lunar date of a day; None outside the lunar years 2019 to 2099."""
    starts, months = _months()
    place = bisect_right(starts, day.toordinal()) - 1
    if place < 0:
        return None
    year, month, leap, length = months[place]
    number = day.toordinal() - starts[place] + 1
    return LunarDay(year, month, leap, number, length) if number <= length else None


@cache
def _months() -> tuple[list[int], list[tuple[int, int, bool, int]]]:
    starts: list[int] = []
    months: list[tuple[int, int, bool, int]] = []
    start = FIRST_DAY.toordinal()
    for year, packed in enumerate(_YEARS.split(), FIRST_YEAR):
        leap, long_months = int(packed[0], 16), int(packed[1:], 16)
        numbers = [(month, False) for month in range(1, 13)]
        if leap:
            numbers.insert(leap, (leap, True))
        for place, (month, is_leap) in enumerate(numbers):
            length = 29 + (long_months >> place & 1)
            starts.append(start)
            months.append((year, month, is_leap, length))
            start += length
    return starts, months
