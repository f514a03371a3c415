"""Rules of recurrence against other people's arithmetic: dateutil, and tables of festivals."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule
from holidays.calendars.chinese import _ChineseLunisolar
from hypothesis import given
from hypothesis import strategies as st

from broadcast.calendar.lunar import lunar_day
from broadcast.calendar.rules import (
    LAST,
    OnDays,
    Repeat,
    Rule,
    falls_on,
    includes,
    local_time,
    moment_of,
    moments,
    next_moments,
)
from broadcast.calendar.working_days import ChineseDays, OwnDays

NOON = time(12, 0)
OFF = ChineseDays()
FIRST = date(2026, 1, 1)
DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))


def at_noon(year: int, month: int, day: int) -> datetime:
    return datetime.combine(date(year, month, day), NOON)


def days_of(rule: Rule, start: date, end: date) -> list[date]:
    return [local_time(m).date() for m in moments(rule, moment_of(start, time(0)) - 1,
            moment_of(end, time(23, 59)), OFF)]  # fmt: skip


@given(DAYS, st.sets(st.integers(1, 7), min_size=1), st.none() | DAYS)
def test_weekly_is_as_dateutil_says(first: date, weekdays: set[int], last: date | None) -> None:
    """Days of the week within a range of dates."""
    rule = Rule(Repeat.WEEKLY, (NOON,), first, last, weekdays=frozenset(weekdays))
    start, end = date(2026, 6, 1), date(2027, 3, 1)
    truth = rrule(WEEKLY, dtstart=datetime.combine(first, NOON),
                  byweekday=[d - 1 for d in weekdays],
                  until=datetime.combine(min(last or end, end), NOON))  # fmt: skip
    assert days_of(rule, start, end) == [d.date() for d in truth if d.date() >= start]


@given(st.sets(st.integers(1, 31), min_size=1), st.booleans(), st.sets(st.integers(1, 12)))
def test_monthly_is_as_dateutil_says(days: set[int], last_day: bool, months: set[int]) -> None:
    """Days of the month, the last one, and certain months; a 31st that is not there is left out."""
    wanted = sorted(days) + [LAST] * last_day
    rule = Rule(Repeat.MONTHLY, (NOON,), FIRST, days=frozenset(wanted), months=frozenset(months))
    truth = rrule(MONTHLY, dtstart=datetime.combine(FIRST, NOON), bymonthday=wanted,
                  bymonth=sorted(months) or None, until=at_noon(2028, 3, 31))  # fmt: skip
    assert days_of(rule, FIRST, date(2028, 3, 31)) == [d.date() for d in truth]


@given(st.sets(st.integers(0, 9), min_size=1))
def test_market_days_go_by_the_last_digit(digits: set[int]) -> None:
    """逢五逢十: the digit counts, and a 31st is no market day."""
    rule = Rule(Repeat.MARKET, (NOON,), FIRST, days=frozenset(digits))
    whole_year = rrule(DAILY, dtstart=at_noon(2026, 1, 1), until=at_noon(2026, 12, 31))
    endings = {str(digit) for digit in digits}
    truth = [d.date() for d in whole_year if str(d.day)[-1] in endings and d.day != 31]
    assert days_of(rule, FIRST, date(2026, 12, 31)) == truth


@given(st.data(), st.sets(DAYS, max_size=5), st.sets(DAYS, max_size=5), DAYS)
def test_exceptions_come_before_additions_and_additions_before_the_rule(
    data: st.DataObject, without: set[date], also: set[date], day: date
) -> None:
    """A day that was taken out is out, a day that was added is in."""
    chosen = data.draw(st.sampled_from([day, *without, *also]))
    rule = Rule(Repeat.WEEKLY, (NOON,), date(2027, 1, 1), date(2027, 12, 31), frozenset({1, 2, 3}),
                without=frozenset(without), also=frozenset(also))  # fmt: skip
    by_rule = chosen.year == 2027 and chosen.weekday() in {0, 1, 2}
    expected = chosen not in without and (chosen in also or by_rule)
    assert falls_on(rule, chosen, OFF) is expected
    assert includes(rule, moment_of(chosen, NOON), OFF) is expected


@given(DAYS, st.integers(0, 60 * 24), st.integers(0, 40 * 24 * 60))
def test_moments_cut_anywhere_neither_lose_nor_double(day: date, minute: int, length: int) -> None:
    """Two halves of a span hold together what the whole span holds."""
    rule = Rule(Repeat.DAILY, (time(0, 0), time(7, 30), time(23, 59)), FIRST, on=OnDays.WORKING)
    start = moment_of(day, time(0)) - 86_400
    middle, end = start + minute * 60, start + minute * 60 + length * 60
    halves = moments(rule, start, middle, OFF) + moments(rule, middle, end, OFF)
    assert halves == moments(rule, start, end, OFF)
    assert halves == sorted(set(halves))


class TestLunar:
    """The table of lunar months against festivals from an independent source."""

    FESTIVALS: ClassVar = [
        (_ChineseLunisolar.LUNAR_NEW_YEAR_DATES, 1, 1),
        (_ChineseLunisolar.DRAGON_BOAT_DATES, 5, 5),
        (_ChineseLunisolar.MID_AUTUMN_DATES, 8, 15),
        (_ChineseLunisolar.DOUBLE_NINTH_DATES, 9, 9),
    ]

    @pytest.mark.parametrize("number", range(4))
    def test_festivals_fall_where_they_should(self, number: int) -> None:
        """Eighty years of each of four festivals."""
        table, month, day = self.FESTIVALS[number]
        for year in range(2020, 2100):
            solar_month, solar_day = table[year]
            found = lunar_day(date(year, solar_month, solar_day))
            assert found is not None
            assert (found.year, found.month, found.day, found.leap) == (year, month, day, False)

    def test_months_follow_each_other_without_a_hole(self) -> None:
        """Every day from 2019 to 2099 has a lunar date, one day after the last."""
        before = lunar_day(date(2019, 2, 5))
        day = date(2019, 2, 6)
        while day < date(2100, 2, 1):
            now = lunar_day(day)
            assert now is not None
            assert before is not None
            assert now.day == before.day + 1 or (now.day == 1 and before.day == before.length)
            before, day = now, day + timedelta(days=1)

    def test_the_year_2033_has_its_leap_month_at_the_end(self) -> None:
        """The leap month is the eleventh; many tables of the last century had the seventh."""
        found = lunar_day(date(2033, 12, 25))
        assert found is not None
        assert (found.month, found.leap, found.day) == (11, True, 4)

    def test_outside_the_table_there_is_no_answer(self) -> None:
        """A wrong clock gets None, not a guess."""
        assert lunar_day(date(1970, 1, 1)) is None
        assert lunar_day(date(2150, 1, 1)) is None

    def test_first_and_fifteenth_also_in_a_leap_month_but_festivals_once(self) -> None:
        """初一、十五 come in leap months, too; a festival comes once a year."""
        every = Rule(Repeat.LUNAR, (NOON,), FIRST, days=frozenset({1, 15}))
        festival = Rule(Repeat.LUNAR, (NOON,), FIRST, days=frozenset({15}), months=frozenset({5}))
        assert len(days_of(every, date(2028, 1, 26), date(2029, 2, 12))) == 26
        assert len(days_of(festival, date(2028, 1, 26), date(2029, 2, 12))) == 1

    def test_new_years_eve_is_the_last_day_of_the_twelfth_month(self) -> None:
        """除夕, with 29 days or 30."""
        rule = Rule(Repeat.LUNAR, (NOON,), FIRST, days=frozenset({LAST}), months=frozenset({12}))
        assert days_of(rule, FIRST, date(2028, 2, 1)) == [
            date(2026, 2, 16), date(2027, 2, 5), date(2028, 1, 25)]  # fmt: skip

    def test_lunar_market_days(self) -> None:
        """逢五逢十 by the lunar calendar: six or five times a month."""
        rule = Rule(Repeat.LUNAR_MARKET, (NOON,), FIRST, days=frozenset({5, 0}))
        assert days_of(rule, date(2026, 2, 17), date(2026, 3, 18)) == [
            date(2026, 2, 21), date(2026, 2, 26), date(2026, 3, 3), date(2026, 3, 8),
            date(2026, 3, 13), date(2026, 3, 18)]  # fmt: skip


class TestWorkingDays:
    """Public holidays, make-up days, and years nobody has arranged yet."""

    def test_a_make_up_saturday_is_worked(self) -> None:
        """The arrangement of 2026, as it was published."""
        assert not OFF.free(date(2026, 2, 14))
        assert OFF.made_up(date(2026, 2, 14))
        assert OFF.free(date(2026, 2, 20))
        assert OFF.name(date(2026, 2, 17)) == "春节"
        assert OFF.published(2026)

    def test_an_unpublished_year_has_its_statutory_days_and_says_so(self) -> None:
        """Nothing is raised; the page can tell."""
        assert OFF.free(date(2098, 10, 1))
        assert not OFF.published(2098)

    def test_own_days_come_first(self) -> None:
        """A township's file overrides what is built in, and completes a year."""
        own = ChineseDays(OwnDays(frozenset({date(2098, 7, 1)}), frozenset({date(2098, 10, 1)}),
                                  frozenset({2098})))  # fmt: skip
        assert own.free(date(2098, 7, 1))
        assert not own.free(date(2098, 10, 1))
        assert own.published(2098)

    def test_working_days_only(self) -> None:
        """A rule for working days sounds on the make-up Saturday and not in the holidays."""
        rule = Rule(Repeat.DAILY, (NOON,), FIRST, on=OnDays.WORKING)
        assert days_of(rule, date(2026, 2, 13), date(2026, 2, 24)) == [
            date(2026, 2, 13), date(2026, 2, 14), date(2026, 2, 24)]  # fmt: skip


def test_next_moments_end_where_a_rule_ends() -> None:
    """A one-off has one, a dead rule none, and a leap day is found years ahead or not at all."""
    once = Rule(Repeat.ONCE, (NOON,), date(2026, 5, 1))
    assert len(next_moments(once, moment_of(FIRST, NOON), 5, OFF)) == 1
    assert next_moments(once, moment_of(date(2026, 5, 1), NOON), 5, OFF) == []


@given(DAYS, st.times())
def test_chinese_time_is_a_fixed_offset(day: date, at: time) -> None:
    """The zone database agrees with eight hours."""
    zone = ZoneInfo("Asia/Shanghai")
    assert moment_of(day, at) == datetime.combine(day, at, zone).timestamp()
