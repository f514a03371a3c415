"""A year of random calendars against a reference that knows nothing of how they are kept."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broadcast.calendar.rules import CHINA
from edge.clock import SimulatedClock
from edge.programmes import ProgrammeForm
from edge.timetable import BURST
from tests.edge.calendar_year import Box

YEARS = int(os.environ.get("VILLAGE_HUB_CALENDAR_YEARS", "6"))
"""How many years are lived through; more by this variable."""
START = datetime(2027, 1, 1, 3, 0, tzinfo=CHINA).timestamp()
LENGTH_DAYS = 365
DAY = 86_400
SPEAKS_S = 20.0
FINAL = {"played", "missed", "skipped", "failed", "cancelled"}


@dataclass
class Reference:
    """What one programme owes: found minute by minute of its hours, day by day, in plain words."""

    weekdays: set[int]
    hours: list[tuple[int, int]]
    late_s: int
    since_s: float
    owed: dict[int, str] = field(default_factory=dict)

    def falls(self, start_s: float, end_s: float) -> list[int]:
        found = []
        day = datetime.fromtimestamp(start_s, CHINA).replace(hour=0, minute=0, second=0)
        while day.timestamp() <= end_s:
            if day.isoweekday() in self.weekdays:
                for hour, minute in self.hours:
                    moment = int(day.replace(hour=hour, minute=minute).timestamp())
                    if start_s < moment <= end_s:
                        found.append(moment)
            day += timedelta(days=1)
        return sorted(found)


hours = st.lists(
    st.tuples(st.integers(5, 21), st.sampled_from([0, 1, 2, 15, 30])),
    min_size=1, max_size=2, unique=True,
)  # fmt: skip
calendars = st.fixed_dictionaries(
    {
        "weekdays": st.sets(st.integers(1, 7), min_size=1, max_size=2),
        "hours": hours,
        "start": st.sampled_from(["now", "after", "wait"]),
        "late": st.sampled_from([1, 10, 60]),
    }
)
happenings = st.lists(
    st.tuples(
        st.integers(1, LENGTH_DAYS * 24 * 60 - 1),
        st.sampled_from(["cut", "cut_untrusted", "forward", "back", "edit", "skip"]),
        st.integers(1, 4000),
        calendars,
    ),
    max_size=14,
)


def form_of(calendar: dict[str, Any], number: int) -> ProgrammeForm:
    times = [f"{hour:02d}:{minute:02d}" for hour, minute in calendar["hours"]]
    return ProgrammeForm.model_validate(
        {
            "title": f"第{number}个",
            "text": f"第{number}个节目。",
            "start": calendar["start"],
            "wait_minutes": 1,
            "late_minutes": calendar["late"],
            "rule": {
                "repeat": "weekly",
                "weekdays": calendar["weekdays"],
                "times": times,
                "first": "2027-01-01",
            },
        }
    )


class Year:
    """One year: what happens to the box, and beside it what must come of it."""

    def __init__(self, folder: Path, calendars: list[dict[str, Any]]) -> None:
        self.clock = SimulatedClock(START)
        self.box = Box(folder, self.clock, seconds=SPEAKS_S)
        self.references: dict[str, Reference] = {}
        self.disturbed: list[tuple[float, float]] = []
        self.resumes = 0
        for number, calendar in enumerate(calendars):
            name = self.box.desk.save(form_of(calendar, number), "小王")
            self.references[name] = self.reference(calendar)
        self.box.tick()

    def reference(self, calendar: dict[str, Any]) -> Reference:
        return Reference(calendar["weekdays"], sorted(calendar["hours"]), calendar["late"] * 60,
                         self.clock.wall())  # fmt: skip

    def live_until(self, wall_s: float) -> None:
        """The box is on; ticks only around the moments at which something may happen."""
        while self.clock.wall() < wall_s:
            now = self.clock.wall()
            end = min(wall_s, now + 10 * DAY)
            moments = {m for r in self.references.values() for m in r.falls(now, end)}
            for moment in sorted(moments):
                if moment + 1 >= end:
                    break
                for at in (moment - 1, moment + 1, *(moment + n * 21 for n in range(1, 9))):
                    self.step_to(min(at, end))
            self.step_to(end)

    def step_to(self, wall_s: float) -> None:
        if wall_s > self.clock.wall():
            self.clock.advance(wall_s - self.clock.wall())
            self.box.tick()

    def happen(self, what: str, amount: int, calendar: dict[str, Any]) -> None:
        before = self.clock.wall()
        if what in {"cut", "cut_untrusted"}:
            off_s = float(amount * 600 if amount % 5 == 0 else amount)
            self.box.cut_power(off_s, trusted=what == "cut")
            self.resumes += 1
            if what == "cut_untrusted":
                self.box.tick()
                self.clock.advance(amount)
                self.box.tick()
                self.clock.trust()
        elif what == "forward":
            self.clock.jump(amount * (900 if amount % 5 == 0 else 30))
            self.resumes += 1
        elif what == "back":
            self.clock.jump(-amount * 3)
        elif what == "edit":
            self.edit(amount, calendar)
        else:
            self.skip(amount)
        after = self.clock.wall()
        # Near a disturbance the rules allow more than one end; the invariants hold all the same.
        self.disturbed.append((min(before, after) - 1300, max(before, after) + 1300))
        for _ in range(8):
            self.box.tick()

    def edit(self, amount: int, calendar: dict[str, Any]) -> None:
        name = sorted(self.references)[amount % len(self.references)]
        old, now = self.references[name], self.clock.wall()
        new = self.reference(calendar)
        future = set(new.falls(now, now + 9 * DAY))
        for moment in old.falls(old.since_s, now):
            old.owed.setdefault(moment, "")
        for row in self.box.store.planned_of(name):
            if row.at_s > now and row.at_s not in future:
                old.owed[row.at_s] = "cancelled"
        new.owed = old.owed
        new.late_s = max(new.late_s, old.late_s)  # what was planned under either rule
        self.box.desk.save(form_of(calendar, amount), "小李", name)
        self.references[name] = new

    def skip(self, amount: int) -> None:
        name = sorted(self.references)[amount % len(self.references)]
        now = self.clock.wall()
        for moment in self.references[name].falls(now, now + 30 * DAY)[:1]:
            row = self.box.store.occurrence_at(name, moment)
            if row is None or row.state == "planned":
                self.box.desk.skip(name, moment, "小李")
                self.references[name].owed[moment] = "skipped"

    def judge(self) -> None:
        """Nothing lost, doubled, late beyond its rule, or unreported."""
        end = self.clock.wall()
        store = self.box.store
        rows = store.occurrences_between(0, end - 7200)
        for name, reference in self.references.items():
            owed = {**dict.fromkeys(reference.falls(reference.since_s, end - 7201), ""),
                    **{m: s for m, s in reference.owed.items() if m < end - 7200}}  # fmt: skip
            kept = {row.at_s: row for row in rows if row.programme == name}
            assert owed.keys() == kept.keys()
            for moment, must in owed.items():
                if must and must != "cancelled":
                    assert kept[moment].state == must
                elif self.calm(moment) and must != "cancelled":
                    assert kept[moment].state in self.calm_ends(), kept[moment]
        assert {row.state for row in rows} <= FINAL
        self.judge_sound({row.id: (row.at_s, row.programme, row.state) for row in rows})

    def calm(self, moment: float) -> bool:
        """Whether nothing happened to box or clock around this moment."""
        return all(not start <= moment <= stop for start, stop in self.disturbed)

    def calm_ends(self) -> set[str]:
        """Where nothing disturbs, it is played, or gives way to one that may interrupt it."""
        return (
            {"played", "failed", "cancelled", "missed"} if len(self.references) > 1 else {"played"}
        )

    def judge_sound(self, rows: dict[str, tuple[int, str, str]]) -> None:
        said = Counter(one.id for one in self.box.spoken)
        assert set(said.values()) <= {1}
        for one in self.box.spoken:
            if one.id in rows:
                at_s, programme, state = rows[one.id]
                assert state in {"played", "failed", "cancelled"}
                if self.calm(at_s):
                    assert 0 <= one.wall_s - at_s < self.references[programme].late_s
        told = Counter(
            event["announcement"]
            for event in (json.loads(row.entry.data) for row in self.box.store.pending(100_000))
            if event.get("state") in {"finished", "interrupted", "cancelled", "missed", "failed"}
        )
        assert {told[identity] for identity in rows} <= {1}
        burst = [row for identity, row in rows.items() if row[2] == "missed"
                 and self.box.store.steps_of(identity)[-1][1] == BURST]  # fmt: skip
        assert not burst or self.resumes


@settings(
    max_examples=YEARS,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(st.lists(calendars, min_size=1, max_size=3), happenings)
def test_a_year_of_random_calendars(
    planned: list[dict[str, Any]], happened: list[tuple[int, str, int, dict[str, Any]]]
) -> None:
    """Power cuts, untrusted boots, clock jumps, edits, skips, overlaps: each has one end."""
    quick = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=quick if quick.is_dir() else None))
    try:
        year = Year(folder, planned)
        for minute, what, amount, calendar in sorted(happened, key=lambda one: one[0]):
            year.live_until(START + minute * 60)
            year.happen(what, amount, calendar)
        year.live_until(START + LENGTH_DAYS * DAY)
        for _ in range(400):
            year.clock.advance(21)
            year.box.tick()
        year.judge()
        year.box.store.close()
    finally:
        shutil.rmtree(folder)
