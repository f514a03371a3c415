"""Counting what happened in a span: incidents, times, false alarms, cameras, loudspeakers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from edge.site.times import ZONE
from edge.township.cases.deadlines import Deadlines
from edge.township.cases.states import State
from edge.township.reports.periods import Period
from edge.township.store.reporting import CaseFact, Reporting
from edge.township.store.sight import EVERYTHING, Sight

SEVERITIES = ("life_safety", "urgent", "notice")


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, against its target; of the cases of one severity.

    Attributes:
        median_s, slow_s: Of those that were done; 9 of 10 were at most `slow_s`. None if none was.
        in_time: Done within the target.
        late: Done later, or not done though the target has passed.
        running: Not done and not late yet.
    """

    severity: str
    target_s: float
    median_s: float | None
    slow_s: float | None
    in_time: int
    late: int
    running: int

    @property
    def rate(self) -> float | None:
        """Share in time, of those that can be judged."""
        judged = self.in_time + self.late
        return self.in_time / judged if judged else None


@dataclass(frozen=True, slots=True)
class Seen:
    """How the cameras of a village were, over the hourly samples.

    Attributes:
        built: By the list of cameras; 0 where no list was sent in.
        networked: On average.
    """

    village: str
    built: int
    networked: float
    online_rate: float | None
    hd_rate: float | None

    @property
    def networked_rate(self) -> float | None:
        return min(1.0, self.networked / self.built) if self.built else None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the loudspeakers of a village did."""

    village: str
    warnings: int
    announcements: int
    finished: int
    failed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report says; drills do not count.

    Attributes:
        over: Whether the span has ended; otherwise these are figures so far.
        earlier: Incidents of the span before.
        by_hour: Incidents of each hour of the day, Chinese time.
        ended, false_alarms: Of the cases that began in the span.
    """

    period: Period
    made_at: float
    over: bool
    total: int
    earlier: int
    by_kind: tuple[tuple[str, int], ...]
    by_village: tuple[tuple[str, int], ...]
    by_grid: tuple[tuple[str, int], ...]
    by_hour: tuple[int, ...]
    response: tuple[Times, ...]
    closing: tuple[Times, ...]
    ended: int
    false_alarms: int
    seen: tuple[Seen, ...]
    spoken: tuple[Spoken, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all to tell."""
        return not (self.total or self.earlier or self.seen or self.spoken or self.ended)

    @property
    def false_rate(self) -> float | None:
        return self.false_alarms / self.ended if self.ended else None

    @property
    def online_rate(self) -> float | None:
        """Of all villages, by their cameras."""
        known = [
            (one.networked, one.online_rate) for one in self.seen if one.online_rate is not None
        ]
        weight = sum(cameras for cameras, _ in known)
        return sum(cameras * rate for cameras, rate in known) / weight if weight else None

    @property
    def response_rate(self) -> float | None:
        return _joint(self.response)

    @property
    def closing_rate(self) -> float | None:
        return _joint(self.closing)


def count(
    facts: Reporting,
    period: Period,
    deadlines: Deadlines,
    *,
    now: float,
    sight: Sight = EVERYTHING,
) -> Report:
    """Make the report of a span, of what may be seen.

    Raises:
        StoreError: The database cannot be read.
    """
    names = facts.village_names()
    kinds: Counter[str] = Counter()
    villages: Counter[str] = Counter()
    grids: Counter[str] = Counter()
    hours = [0] * 24
    for one in facts.incidents(period.start, period.end, sight):
        kinds[one.kind] += 1
        villages[names.get(one.hub) or one.village or one.hub] += 1
        if one.grid:
            grids[one.grid] += 1
        hours[datetime.fromtimestamp(one.at, tz=ZONE).hour] += 1
    before = period.before()
    earlier = sum(1 for _ in facts.incidents(before.start, before.end, sight))
    cases = list(facts.cases(period.start, period.end, sight))
    return Report(
        period=period,
        made_at=now,
        over=now >= period.end,
        total=sum(kinds.values()),
        earlier=earlier,
        by_kind=_ranked(kinds),
        by_village=_ranked(villages),
        by_grid=_ranked(grids),
        by_hour=tuple(hours),
        response=_times(cases, deadlines, now, closing=False),
        closing=_times(cases, deadlines, now, closing=True),
        ended=sum(one.state in {State.CLOSED, State.FALSE_ALARM} for one in cases),
        false_alarms=sum(one.state == State.FALSE_ALARM for one in cases),
        seen=_seen(facts, period, sight, names),
        spoken=_spoken(facts, period, sight, names),
    )


def _times(
    cases: Iterable[CaseFact], deadlines: Deadlines, now: float, *, closing: bool
) -> tuple[Times, ...]:
    grouped: defaultdict[str, list[CaseFact]] = defaultdict(list)
    for case in cases:
        grouped[case.severity].append(case)
    return tuple(
        _of_severity(name, grouped[name], deadlines, now, closing=closing)
        for name in SEVERITIES
        if name in grouped
    )


def _of_severity(
    severity: str, cases: list[CaseFact], deadlines: Deadlines, now: float, *, closing: bool
) -> Times:
    took: list[float] = []
    in_time = late = running = 0
    for case in cases:
        done = case.ended_at if closing else (case.accepted_at or case.ended_at)
        spent = max(0.0, (now if done is None else done) - case.first_at)
        on_time = spent <= _target(deadlines, case.kind, severity, closing=closing)
        if done is not None:
            took.append(spent)
            in_time += on_time
            late += not on_time
        else:
            running += on_time
            late += not on_time
    took.sort()
    return Times(
        severity,
        _target(deadlines, "", severity, closing=closing),
        took[len(took) // 2] if took else None,
        took[min(len(took) - 1, len(took) * 9 // 10)] if took else None,
        in_time,
        late,
        running,
    )


def _target(deadlines: Deadlines, kind: str, severity: str, *, closing: bool) -> float:
    limits = deadlines.limits(kind, severity)
    if not closing:
        return limits.accept_s
    return limits.accept_s + limits.start_s + limits.report_s + limits.close_s


def _seen(
    facts: Reporting, period: Period, sight: Sight, names: dict[str, str]
) -> tuple[Seen, ...]:
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * 5)
    for one in facts.samples(period.start, period.end, sight):
        row = sums[names.get(one.hub, one.hub)]
        parts = (one.networked / one.samples, one.networked, one.online, one.sized, one.hd)
        for place, part in enumerate(parts):
            row[place] += part
    built = facts.built(sight)
    return tuple(
        Seen(
            village,
            built.get(village, 0),
            row[0],
            row[2] / row[1] if row[1] else None,
            row[4] / row[3] if row[3] else None,
        )
        for village, row in sorted((name, sums[name]) for name in {*sums, *built})
    )


def _spoken(
    facts: Reporting, period: Period, sight: Sight, names: dict[str, str]
) -> tuple[Spoken, ...]:
    found: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * 5)
    for one in facts.plays(period.start, period.end, sight):
        row = found[names.get(one.hub, one.hub)]
        row[0 if one.warning else 1] += one.count
        row[2] += one.count * (one.state == "finished")
        row[3] += one.count * (one.state in {"failed", "missed"})
        row[4] += one.seconds
    return tuple(
        Spoken(village, int(row[0]), int(row[1]), int(row[2]), int(row[3]), row[4])
        for village, row in sorted(found.items())
    )


def _joint(times: Iterable[Times]) -> float | None:
    known = list(times)
    in_time, late = sum(one.in_time for one in known), sum(one.late for one in known)
    return in_time / (in_time + late) if in_time + late else None


def _ranked(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
