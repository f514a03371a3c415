"""A programme of the calendar as bytes: checked when it enters, JSON when it is kept."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from broadcast.announcements import Priority
from broadcast.calendar.rules import LAST, OnDays, Repeat, Rule
from broadcast.calendar.working_days import OwnDays
from edge.errors import CalendarRefused

LONGEST_TEXT = 2000
MOST_TIMES = 12
MOST_DATES = 366
LATE_MINUTES = (1, 5, 10, 30, 60, 240)
WAIT_MINUTES = (1, 2, 5, 10, 30)
PRIORITIES = {
    "now": Priority.UPPER_LEVEL,
    "after": Priority.NOTICE,
    "wait": Priority.NOTICE,
}
"""What starts at once stands one step above other notices, so that it interrupts them."""

Starts = Literal["now", "after", "wait"]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleForm(_Checked):
    """A rule of recurrence; see `broadcast.calendar.rules.Rule` for what the fields mean."""

    repeat: Repeat
    times: Annotated[tuple[time, ...], Field(min_length=1, max_length=MOST_TIMES)]
    first: date
    last: date | None = None
    weekdays: frozenset[Annotated[int, Field(ge=1, le=7)]] = frozenset()
    days: frozenset[Annotated[int, Field(ge=LAST, le=31)]] = frozenset()
    months: frozenset[Annotated[int, Field(ge=1, le=12)]] = frozenset()
    on: OnDays = OnDays.EVERY
    without: Annotated[frozenset[date], Field(max_length=MOST_DATES)] = frozenset()
    also: Annotated[frozenset[date], Field(max_length=MOST_DATES)] = frozenset()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if any(at.second or at.microsecond or at.tzinfo for at in self.times):
            raise ValueError("Give the time of the day in hours and minutes.")
        if self.repeat is Repeat.WEEKLY and not self.weekdays:
            raise ValueError("Choose at least one day of the week.")
        if self.repeat in {Repeat.MONTHLY, Repeat.LUNAR} and not self.days - {0}:
            raise ValueError("Choose at least one day of the month.")
        if self.repeat in {Repeat.MARKET, Repeat.LUNAR_MARKET} and not self.days & set(range(10)):
            raise ValueError("Choose at least one market day.")
        if self.last is not None and self.last < self.first:
            raise ValueError("The last day is before the first one; change one of them.")
        return self

    def rule(self) -> Rule:
        return Rule(
            self.repeat, tuple(sorted(set(self.times))), self.first, self.last, self.weekdays,
            self.days, self.months, self.on, self.without, self.also,
        )  # fmt: skip


class ProgrammeForm(_Checked):
    """What a person writes into the calendar.

    Attributes:
        start: When something else plays: `now` interrupts other notices, `after` waits for its
            end, `wait` cuts another scheduled one after `wait_minutes`.
        late_minutes: How late it may start; after that it is missed.
    """

    title: Annotated[str, Field(min_length=1, max_length=40)]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    zone: Annotated[str, Field(max_length=48)] = ""
    chime: bool = True
    repeat: Annotated[int, Field(ge=1, le=5)] = 1
    start: Starts = "after"
    wait_minutes: Annotated[int, Field(ge=1, le=120)] = 5
    late_minutes: Annotated[int, Field(ge=1, le=720)] = 10
    rule: RuleForm

    @model_validator(mode="after")
    def _speakable(self) -> Self:
        if not self.text.isprintable() or not self.title.isprintable():
            raise ValueError("There are characters that cannot be spoken; remove them.")
        return self


def rule_of(kept: str) -> Rule:
    """The rule that was kept.

    Raises:
        CalendarRefused: It is damaged.
    """
    try:
        return RuleForm.model_validate_json(kept).rule()
    except ValidationError as error:
        raise CalendarRefused(
            "The rule of a programme cannot be read; write the programme anew."
        ) from error


class _OwnYear(_Checked):
    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()


def own_days(content: str) -> OwnDays:
    """Read a file with the days off of years: `{"2027": {"off": [...], "work": [...]}}`.

    Raises:
        CalendarRefused: It is not such a file; the sentence says where.
    """

    class Years(BaseModel):
        model_config = ConfigDict(extra="forbid")
        years: dict[Annotated[int, Field(ge=2000, le=2200)], _OwnYear]

    try:
        years = Years.model_validate_json(f'{{"years": {content}}}').years
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"][1:])
        raise CalendarRefused(
            f"The file of holidays cannot be read near {where or 'its beginning'!r}; "
            "correct it, or remove it and the built-in holidays are used."
        ) from error
    return OwnDays(
        off=frozenset(day for year in years.values() for day in year.off),
        work=frozenset(day for year in years.values() for day in year.work),
        years=frozenset(years),
    )
