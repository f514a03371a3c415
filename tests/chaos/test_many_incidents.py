"""Broker, villages, workers and database are killed at random and the network is cut."""

from __future__ import annotations

import pytest

from edge.simulate.chaos import plan, survive
from tests.requirements import need, need_module, need_postgresql

pytestmark = [pytest.mark.mosquitto, pytest.mark.timeout(300)]


def test_everything_arrives_exactly_once_whatever_is_killed() -> None:
    """One seed of the long trial: nothing lost, doubled or out of order, no picture missing."""
    need("mosquitto")
    need_postgresql()
    need_module("psycopg")
    verdict = survive(7, 8.0, 50, guard_s=3.0)
    assert verdict.kept, verdict
    assert verdict.stored == 50
    assert verdict.kills > 3
    assert verdict.cuts > 1


def test_a_plan_is_repeatable() -> None:
    """The same seed gives the same blows, another one others; the network is cut for 40 %."""
    first = plan(3, 300.0)
    assert first == plan(3, 300.0)
    assert first != plan(4, 300.0)
    assert {blow.what for blow in first} == {"broker", "database", "worker", "hub", "network"}
    cut_s = sum(blow.lasts_s for blow in first if blow.what == "network")
    assert cut_s == pytest.approx(120.0, abs=25.0)
