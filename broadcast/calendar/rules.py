"""A rule of recurrence, and whether it falls on a day; pure arithmetic without a clock."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum

from broadcast.calendar.lunar import lunar_day
from broadcast.calendar.working_days import DaysOff

CHINA = timezone(timedelta(hours=8), "CST")
"""All of China keeps one time, without summer time since 1991."""
LAST = -1
"""The last day of a month, whatever its number."""
SEARCHED_DAYS = 800
"""How far ahead the next days of a rule are looked for: two years and a leap month."""


class Repeat(StrEnum):
    """How a rule comes again."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    LUNAR = "lunar"
    MARKET = "market"
    LUNAR_MARKET = "lunar_market"


class OnDays(StrEnum):
    """Of the days of a rule, those that count."""

    EVERY = "every"
    WORKING = "working"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Rule:
    """When something is said, in Chinese time.

    Attributes:
        times: Times of the day, without a zone.
        first, last: The days between which it is valid, both included; `last` None: for ever.
            `once` falls on `first`.
        weekdays: For `weekly`, 1 (Monday) to 7.
        days: For `monthly` and `lunar` the days of the month, `LAST` for the last one; for
            markets the last digit, 0 to 9: 5 and 0 are 逢五逢十. The 31st is no market day.
        months: For `monthly` and `lunar` the months that count; empty for all. A leap month
            counts only where all do.
        on: Working days, free days, or both.
        without: Days on which it is not said after all.
        also: Days on which it is said, too, whatever the rest says.
    """

    repeat: Repeat
    times: tuple[time, ...]
    first: date
    last: date | None = None
    weekdays: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    on: OnDays = OnDays.EVERY
    without: frozenset[date] = frozenset()
    also: frozenset[date] = frozenset()


def falls_on(rule: Rule, day: date, off: DaysOff) -> bool:
    """Whether something is said on this day."""
    if day in rule.without:
        return False
    if day in rule.also:
        return True
    if day < rule.first or (rule.last is not None and day > rule.last):
        return False
    if not _comes(rule, day):
        return False
    return rule.on is OnDays.EVERY or off.free(day) == (rule.on is OnDays.FREE)


def moments(rule: Rule, after_s: float, until_s: float, off: DaysOff) -> list[float]:
    """The moments of a rule in (after_s, until_s], in order.

    Args:
        rule: What recurs.
        after_s: Seconds since 1970, UTC.
        until_s: The same.
        off: Which days are free.
    """
    day, end = _day_of(after_s), _day_of(until_s)
    if rule.repeat is Repeat.ONCE and not rule.also:
        day, end = max(day, rule.first), min(end, rule.first)
    found = []
    while day <= end:
        if falls_on(rule, day, off):
            found += [
                moment for at in sorted(set(rule.times))
                if after_s < (moment := moment_of(day, at)) <= until_s
            ]  # fmt: skip
        day += timedelta(days=1)
    return found


def includes(rule: Rule, moment_s: float, off: DaysOff) -> bool:
    """Whether this is one of the rule's moments."""
    local = local_time(moment_s)
    return local.time() in rule.times and falls_on(rule, local.date(), off)


def next_moments(rule: Rule, after_s: float, count: int, off: DaysOff) -> list[float]:
    """The next few moments; fewer when there are none for two years."""
    found: list[float] = []
    edge_s = after_s
    day_s = 86_400.0
    for _ in range(SEARCHED_DAYS // 20):
        found += moments(rule, edge_s, edge_s + 20 * day_s, off)
        edge_s += 20 * day_s
        if len(found) >= count:
            break
    return found[:count]


def moment_of(day: date, at: time) -> float:
    """Seconds since 1970 of a Chinese date and time."""
    return datetime.combine(day, at, CHINA).timestamp()


def local_time(moment_s: float) -> datetime:
    """The Chinese date and time of a moment."""
    return datetime.fromtimestamp(moment_s, CHINA)


def _day_of(moment_s: float) -> date:
    return local_time(moment_s).date()


def _comes(rule: Rule, day: date) -> bool:
    match rule.repeat:
        case Repeat.ONCE:
            comes = day == rule.first
        case Repeat.DAILY:
            comes = True
        case Repeat.WEEKLY:
            comes = day.isoweekday() in rule.weekdays
        case Repeat.MONTHLY:
            comes = _in_month(rule, day.month, day.day, monthrange(day.year, day.month)[1])
        case Repeat.MARKET:
            comes = day.day <= 30 and day.day % 10 in rule.days
        case Repeat.LUNAR | Repeat.LUNAR_MARKET:
            comes = _comes_by_the_moon(rule, day)
    return comes


def _comes_by_the_moon(rule: Rule, day: date) -> bool:
    lunar = lunar_day(day)
    if lunar is None or (lunar.leap and rule.months):
        return False
    if rule.repeat is Repeat.LUNAR_MARKET:
        return lunar.day % 10 in rule.days
    return _in_month(rule, lunar.month, lunar.day, lunar.length)


def _in_month(rule: Rule, month: int, day: int, length: int) -> bool:
    if rule.months and month not in rule.months:
        return False
    return day in rule.days or (LAST in rule.days and day == length)
