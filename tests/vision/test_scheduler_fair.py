"""Shares and turns: fair by what a look costs, kinder to the important, and never unkind to one."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.detecting import ColourDetector
from tests.vision.test_scheduler import Clock, picture, seat, serve_all
from vision.gate import GateController
from vision.scheduler import STALE_S, Scheduler
from vision.scheduler_capacity import look_ms
from vision.scheduler_shares import LEAST_PER_S, Demand, share
from vision.scheduler_turns import MOST_MS, Turns, weight

COSTS = st.floats(0.5, 200)
PRIORITIES = st.integers(0, 9)
CAMERAS = st.lists(st.tuples(COSTS, PRIORITIES), min_size=1, max_size=12)


def served_ms(cameras: list[tuple[float, int]], budget_ms: float) -> tuple[list[float], list[int]]:
    """Time given to each where all always want, and the longest row of turns each waited."""
    turns = Turns([priority for _, priority in cameras])
    spent, waited, longest = [0.0] * len(cameras), [0] * len(cameras), [0] * len(cameras)
    while sum(spent) < budget_ms:
        place = turns.pick([True] * len(cameras))
        assert place is not None
        cost_ms = cameras[place][0]
        turns.paid(place, cost_ms)
        spent[place] += cost_ms
        for other in range(len(cameras)):
            waited[other] = 0 if other == place else waited[other] + 1
            longest[other] = max(longest[other], waited[other])
    return spent, longest


@given(CAMERAS)
def test_time_is_shared_by_priority_whatever_a_look_costs(cameras: list[tuple[float, int]]) -> None:
    """Over a long time each has its part, give or take a look or two of the dearest."""
    budget_ms = 60_000.0
    spent, _ = served_ms(cameras, budget_ms)
    whole = sum(weight(priority) for _, priority in cameras)
    slack = 3 * max(cost for cost, _ in cameras) * len(cameras)
    for got_ms, (_, priority) in zip(spent, cameras, strict=True):
        assert got_ms == pytest.approx(sum(spent) * weight(priority) / whole, abs=slack)


@given(CAMERAS)
def test_nobody_starves(cameras: list[tuple[float, int]]) -> None:
    """Between two looks at a camera only a bounded number of others are served."""
    _, longest = served_ms(cameras, 20_000.0)
    for waited, (cost, priority) in zip(longest, cameras, strict=True):
        shares = [(cost / weight(priority)) / (c / weight(p)) + 2 for c, p in cameras]
        assert waited <= sum(shares)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1e9)), max_size=60), st.integers(1, 6))
def test_only_the_ready_are_picked(steps: list[tuple[bool, float]], count: int) -> None:
    """And whoever is ready alone is picked at once, however deep in debt."""
    turns = Turns([0] * count)
    rng = np.random.default_rng(len(steps))
    for alone, cost_ms in steps:
        ready = [bool(r) for r in rng.random(count) < 0.5]
        if alone:
            ready = [place == 0 for place in range(count)]
        place = turns.pick(ready)
        assert (place is None) == (not any(ready))
        if place is not None:
            assert ready[place]
            turns.paid(place, cost_ms)
    assert MOST_MS < 1e9


DEMANDS = st.lists(
    st.builds(Demand, st.floats(0.01, 30), st.floats(0.01, 500), PRIORITIES), max_size=40
)


@given(DEMANDS, st.floats(1, 5000))
def test_shares_fit_and_leave_nobody_out(demands: list[Demand], capacity_ms: float) -> None:
    """Never more than the capacity or than is wanted, never nothing, nothing left while wanted."""
    rates = share(demands, capacity_ms)
    spent = sum(rate * each.cost_ms for rate, each in zip(rates, demands, strict=True))
    assert spent <= capacity_ms * (1 + 1e-6) + 1e-6
    for rate, each in zip(rates, demands, strict=True):
        assert 0 < rate <= each.wanted_per_s * (1 + 1e-9)
    if any(r < d.wanted_per_s * (1 - 1e-6) for r, d in zip(rates, demands, strict=True)):
        assert spent == pytest.approx(capacity_ms, rel=1e-3)


@given(DEMANDS, st.floats(1, 5000))
def test_the_important_are_satisfied_first(demands: list[Demand], capacity_ms: float) -> None:
    """Nobody has more than the least while somebody more important wants more."""
    rates = share(demands, capacity_ms)
    unsatisfied = [
        each.priority
        for rate, each in zip(rates, demands, strict=True)
        if rate < each.wanted_per_s * (1 - 1e-6)
    ]
    for rate, each in zip(rates, demands, strict=True):
        if any(priority > each.priority for priority in unsatisfied):
            assert rate <= min(LEAST_PER_S, each.wanted_per_s) * (1 + 1e-6)


class Slow(ColourDetector):
    """A look takes a tenth of a second of the test's clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def detect(self, *arguments):  # type: ignore[no-untyped-def]
        self._clock.now_s += 0.1
        return super().detect(*arguments)


def test_a_box_that_cannot_keep_up_says_how_often_it_looks() -> None:
    """Four want five looks a second, eight fit; the important one keeps its five."""
    clock = Clock()
    detector = Slow(clock)
    seats = [seat(f"c{number}", 5, detector) for number in range(4)]
    seats[0].priority = 1
    for each in seats:
        each.pipeline._detector = detector
        each.pipeline._worth_detecting = lambda *_: True  # type: ignore[method-assign]
    scheduler = Scheduler(seats, lambda _: None, wake=Event(), clock=clock, look_ms=100)
    end_s = clock.now_s + 60
    while clock.now_s < end_s:
        clock.now_s += 0.02
        for each in seats:
            each.slot.put(picture(clock.now_s))
        scheduler.serve()
    every = [each.looked_every_s(clock.now_s) for each in seats]
    assert every[0] == pytest.approx(0.2, abs=0.05)
    assert min(every[1:]) > 0.5
    assert max(every[1:]) < 2.0


def test_what_waited_too_long_is_dropped_and_counted() -> None:
    """A newer picture is on its way; the first one ever is looked at in any case."""
    clock = Clock()
    only = seat("c", 5)
    scheduler = Scheduler([only], lambda _: None, wake=Event(), clock=clock)
    for age_s in (10.0, 0.0, 0.0):
        clock.now_s += 0.3
        only.slot.put(picture(clock.now_s - age_s))
        serve_all(scheduler)
    clock.now_s += 1
    only.slot.put(picture(clock.now_s - STALE_S - 1))
    serve_all(scheduler)
    assert (only.looked, only.stale) == (3, 1)


def test_the_gate_hears_what_every_look_saw() -> None:
    """Otherwise it would never know that all is calm."""
    clock = Clock()
    only = seat("c", 5)
    heard: list[bool] = []

    class Listening(GateController):
        def looked(self, now_s: float, *, moved: bool, tracks: int) -> None:
            assert (now_s, tracks) == (clock.now_s, 0)
            heard.append(moved)

    only.gate = Listening()
    scheduler = Scheduler([only], lambda _: None, wake=Event(), clock=clock)
    only.slot.put(picture(clock.now_s))
    serve_all(scheduler)
    assert heard == [False]


def test_the_box_is_measured_by_its_detector() -> None:
    """The least of several looks, and not for ever."""
    clock = iter(np.arange(0, 100, 0.05))
    assert look_ms(ColourDetector(), clock=lambda: float(next(clock))) == pytest.approx(50)
