"""What the box forgets: by age, by size, and never what the township does not know yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clock import SimulatedClock
from edge.store.hub import HubStore
from edge.store.limits import DAY_S, OutboxLimits, Retention
from edge.store.records import Lane, OutboxEntry
from tests.edge.township_hub import uid
from tests.fakes.records import an_entry, an_incident


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def store(tmp_path: Path, clock: SimulatedClock) -> Iterator[HubStore]:
    made = HubStore.open(tmp_path, clock)
    yield made
    made.close()


def test_only_what_is_over_and_known_to_the_township_is_forgotten(
    store: HubStore, clock: SimulatedClock
) -> None:
    """An open one and an unsent one stay for ever; a closed, acknowledged one goes in time."""
    over, open_, unsent = (an_incident(clock) for _ in range(3))
    for incident, closed in ((over, True), (open_, False)):
        ended = replace(incident, closed=clock.stamp() if closed else None)
        store.save_incident(ended, [an_entry(ended)])
    store.acknowledge(store.stream_id, [(1, 2)])
    ended = replace(unsent, closed=clock.stamp())
    store.save_incident(ended, [an_entry(ended)])
    store.grant(uid(9), "ab" * 32)
    clock.advance(364 * DAY_S)
    assert store.forget_old(Retention(orders_s=400 * DAY_S)) == 0
    clock.advance(2 * DAY_S)
    assert store.forget_old(Retention(orders_s=400 * DAY_S)) == 1
    assert [store.incident(one.id) is None for one in (over, open_, unsent)] == [True, False, False]
    assert store.granted(uid(9)) is not None
    assert store.forget_old(Retention()) == 1
    assert store.granted(uid(9)) is None


def test_a_clock_that_is_not_trusted_forgets_nothing(tmp_path: Path) -> None:
    """A year that never was is not counted."""
    clock = SimulatedClock()
    store = HubStore.open(tmp_path, clock)
    try:
        over = replace(an_incident(clock), closed=clock.stamp())
        store.save_incident(over, [an_entry(over)])
        store.acknowledge(store.stream_id, [(1, 1)])
        clock.jump(20 * 365 * DAY_S, trusted=False)
        assert store.forget_old(Retention()) == 0
        assert store.incident(over.id) is not None
    finally:
        store.close()


def test_sent_bodies_go_pictures_first_and_only_as_many_as_needed(
    store: HubStore, clock: SimulatedClock
) -> None:
    """Over the size the least urgent bodies go, oldest first; numbers stay for the digest."""
    store.limits = OutboxLimits(keep_sent_bytes=2500)
    for number, lane in enumerate((Lane.INCIDENT, Lane.THUMBNAIL, Lane.THUMBNAIL, Lane.INCIDENT)):
        entry = OutboxEntry(uid(number), "cn.village.clock.v1", b"x" * 1000, lane)
        store._database.write(lambda writer, one=entry: store._append(writer, [one]))
    store.acknowledge(store.stream_id, [(1, 4)])
    assert store.prune_sent() == 2
    assert store.prune_sent() == 0
    assert store.requeue(store.stream_id, [(2, 3)]) == 0
    assert store.requeue(store.stream_id, [(1, 1), (4, 4)]) == 2
    clock.advance(15 * DAY_S)
    assert store.prune_sent() == 2
