"""A box without a battery clock wakes in 1970; what it saw then gets its real time later."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.clock import SOFTWARE_EPOCH_S, SimulatedClock, SystemClock, corrected
from edge.link.messages import TimeOffer
from edge.store.hub import HubStore
from edge.timekeeping import Timekeeper
from edge.township.store import Store
from tests.edge.township_hub import fresh_database
from tests.fakes.broker import Mosquitto
from tests.fakes.broker_ends import Hub
from tests.fakes.records import an_entry, an_incident
from tests.fakes.township_ends import TownshipEnd
from tests.waiting import wait_for


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path)
    made.start()
    yield made
    made.stop()


def a_clock_of_1970() -> SystemClock:
    """The machine's clock half a minute after the beginning of time, with no time daemon."""
    clock = SystemClock(synchronised=lambda: False)
    clock.adopt(30.0)
    assert not clock.trusted()
    return clock


@pytest.mark.mosquitto
def test_a_boot_in_1970_is_put_right_at_both_ends(tmp_path: Path, broker: Mosquitto) -> None:
    """Alerts before the time is known arrive flagged, and are dated right when it is known."""
    clock = a_clock_of_1970()
    real = SystemClock(synchronised=lambda: True)
    hub = Hub(tmp_path / "hub", broker.port, "5", clock)
    store = Store(fresh_database(tmp_path), real)
    township = TownshipEnd(store, broker.port, real, folder=tmp_path)
    keeper = Timekeeper(clock, hub.store)
    began_s = time.time()
    try:
        (early,) = hub.report()
        hub.link.start()
        township.start()
        (alert,) = wait_for(store.alerts, what="the alert of 1970")
        assert not alert.clock_trusted
        assert alert.opened_at < 1000
        offer = wait_for(lambda: hub.offers, what="the township's time")[0]
        assert offer.clocktrusted
        keeper.offered(offer)
        assert clock.trusted()
        hub.link.wake()
        wait_for(
            lambda: any(alert.clock_trusted for alert in store.alerts()),
            what="the corrected alert",
        )
        (right,) = store.alerts()
        assert right.opened_at == pytest.approx(began_s, abs=5)
        story = store.story(hub.id, early)
        assert story is not None
        assert story.history[0].at == pytest.approx(began_s, abs=5)
        kept = hub.store.incident(early)
        assert kept is not None
        assert (kept.opened.trusted, kept.seen.trusted) == (True, True)
        assert kept.opened.wall_s == pytest.approx(began_s, abs=5)
        (late,) = hub.report()
        wait_for(lambda: len(store.alerts()) == 2, what="an alert of today")
        assert all(alert.clock_trusted for alert in store.alerts())
        assert store.alert(hub.id, late) is not None
    finally:
        hub.close()
        township.close()
        store.close()


def test_the_memory_is_put_right_once_and_only_this_boot(tmp_path: Path) -> None:
    """Moments of this boot move; those of a boot that never knew the time stay flagged."""
    clock = SimulatedClock(40.0, mono_s=10.0, trusted=False)
    store = HubStore.open(tmp_path, clock)
    try:
        lost = an_incident(clock)
        store.save_incident(lost, [an_entry(lost)])
        clock.reboot("00000000-0000-4000-8000-000000000002", wall_s=50.0, trusted=False)
        early = an_incident(clock)
        store.save_incident(early, [an_entry(early)])
        keeper = Timekeeper(clock, store)
        keeper.tick()
        assert [row.created.trusted for row in store.pending(9)] == [False, False]
        clock.advance(100)
        clock.adopt(1_795_000_000.0)
        keeper.tick()
        keeper.tick()
        kept, old = store.incident(early.id), store.incident(lost.id)
        assert kept is not None
        assert old is not None
        assert (kept.opened.wall_s, kept.opened.trusted) == (1_795_000_000.0 - 100, True)
        assert not old.opened.trusted
        rows = store.pending(9)
        assert [row.entry.type.split(".")[2] for row in rows] == ["incident", "incident", "clock"]
        assert [row.created.trusted for row in rows] == [False, True, True]
        # The desk still holds the incident as it was: writing it again brings nothing back.
        store.save_incident(early, [])
        again = store.incident(early.id)
        assert again is not None
        assert again.opened == kept.opened
    finally:
        store.close()


@pytest.mark.parametrize("jump_s", [20 * 365 * 86_400.0, -20 * 365 * 86_400.0])
def test_a_clock_that_jumps_by_twenty_years_loses_nothing(tmp_path: Path, jump_s: float) -> None:
    """Nothing expires, is forgotten or held back because the wall clock was moved."""
    clock = SimulatedClock()
    store = HubStore.open(tmp_path, clock)
    try:
        incident = an_incident(clock)
        store.save_incident(incident, [an_entry(incident)])
        thumb = an_incident(clock)
        store.save_incident(thumb, [an_entry(thumb, expires_s=3600.0)])
        clock.jump(jump_s, trusted=jump_s > 0)
        assert store.expire() == 0
        assert store.window().oldest_age_s == 0.0
        assert [row.seq for row in store.pending(9)] == [1, 2]
        store.acknowledge(store.stream_id, [(1, 2)])
        clock.jump(-jump_s, trusted=True)
        store.prune_sent()
        assert store.requeue(store.stream_id, [(1, 2)]) == 2
        clock.advance(3601)
        assert store.expire() == 1
    finally:
        store.close()


def test_an_offer_is_taken_only_when_it_can_help() -> None:
    """Not while our own time is trusted, not from a township that does not know, not from 1970."""

    class Memory:
        corrected = 0

        def restamp(self, _now: object) -> int:
            self.corrected += 1
            return 1

    def offer(wall_s: float, *, trusted: bool = True) -> TimeOffer:
        return TimeOffer(time=datetime.fromtimestamp(wall_s, tz=UTC), clocktrusted=trusted)

    clock, memory = SimulatedClock(40.0, trusted=False), Memory()
    keeper = Timekeeper(clock, memory)
    keeper.offered(offer(SOFTWARE_EPOCH_S + 10, trusted=False))
    keeper.offered(offer(30.0))
    assert (clock.wall(), clock.trusted(), memory.corrected) == (40.0, False, 0)
    keeper.offered(offer(SOFTWARE_EPOCH_S + 10))
    assert (clock.wall(), clock.trusted(), memory.corrected) == (SOFTWARE_EPOCH_S + 10, True, 1)
    keeper.offered(offer(SOFTWARE_EPOCH_S + 9999))
    assert clock.wall() == SOFTWARE_EPOCH_S + 10


def test_a_time_daemon_takes_over_from_the_township() -> None:
    """What the township told counts only until the machine's own clock is kept."""
    kept = False
    clock = SystemClock(synchronised=lambda: kept)
    clock.adopt(time.time() + 500)
    assert clock.trusted()
    assert clock.wall() == pytest.approx(time.time() + 500, abs=5)
    kept = True
    assert clock.stamp().wall_s == pytest.approx(time.time(), abs=5)


def test_only_untrusted_moments_of_this_boot_are_corrected() -> None:
    """A moment of another boot, or one that was trusted, is left as it is."""
    clock = SimulatedClock(40.0, trusted=False)
    early = clock.stamp()
    clock.advance(60)
    clock.adopt(1_795_000_000.0)
    now = clock.stamp()
    assert corrected(early, now).wall_s == 1_795_000_000.0 - 60
    assert corrected(now, now) is now
    clock.reboot("00000000-0000-4000-8000-000000000002", wall_s=1_795_000_100.0, trusted=True)
    assert corrected(early, clock.stamp()) is early
