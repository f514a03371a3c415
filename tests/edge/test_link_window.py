"""What goes first and how much at once, with a township that does not answer."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.link.embedded import EmbeddedBroker
from edge.store.records import Lane, OutboxEntry
from tests.fakes.broker import a_port
from tests.fakes.broker_ends import KEY, Hub, Township, an_order
from tests.fakes.records import an_entry, an_incident
from tests.waiting import wait_for


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock(synchronised=lambda: True)


@pytest.fixture
def port() -> Iterator[int]:
    chosen = a_port()
    broker = EmbeddedBroker(chosen)
    broker.start()
    yield chosen
    broker.stop()


@pytest.fixture
def township(port: int, clock: SystemClock) -> Iterator[Township]:
    made = Township(port, "3.1.1", clock)
    made.acknowledges.clear()
    made.link.start()
    wait_for(lambda: made.link.status().connected, what="the township")
    yield made
    made.close()


@pytest.fixture
def hub(port: int, clock: SystemClock, tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path / "hub", port, "3.1.1", clock)
    yield made
    made.close()


def queue(hub: Hub, lane: Lane, count: int = 1) -> None:
    """Put rows of a lane into the outbox."""
    for _ in range(count):
        incident = an_incident(hub.clock)
        entry = an_entry(incident, lane=lane)
        if lane >= Lane.THUMBNAIL:
            data = b'{"incident":"x","thumbnail":"' + b"A" * 30_000 + b'"}'
            entry = OutboxEntry(str(uuid.uuid4()), "cn.village.evidence.v1", data, lane)
        hub.store.save_incident(incident, [entry])
    hub.link.wake()


def test_no_more_than_the_window_is_under_way(hub: Hub, township: Township) -> None:
    """200 rows wait, 64 are sent; the next ones follow the acks."""
    queue(hub, Lane.INCIDENT, 200)
    hub.link.start()
    wait_for(lambda: township.came == 64, what="one window")
    wait_for(lambda: len(township.heartbeats) >= 2, what="time to pass")
    assert township.came == 64
    township.acknowledges.set()
    order = an_order(hub.clock, name="resync", data={"stream": hub.store.stream_id, "from_seq": 1})
    township.link.send(order)
    wait_for(lambda: hub.link.status().queued == 0, what="an empty outbox")
    assert len(township.incidents) == 200


def test_life_safety_passes_a_full_window(hub: Hub, township: Township) -> None:
    """A fire does not wait for the acks of sixty-four notices."""
    queue(hub, Lane.INCIDENT, 100)
    hub.link.start()
    wait_for(lambda: township.came == 64, what="one window")
    queue(hub, Lane.LIFE_SAFETY)
    wait_for(lambda: (hub.id, hub.store.stream_id, 101) in township.stored, what="the fire")
    assert township.came == 65


def test_pictures_go_two_at_a_time_and_last(hub: Hub, township: Township) -> None:
    """An alert never queues behind megabytes of pictures."""
    queue(hub, Lane.THUMBNAIL, 5)
    queue(hub, Lane.INCIDENT, 3)
    hub.link.start()
    wait_for(lambda: township.came == 5, what="three alerts and two pictures")
    wait_for(lambda: len(township.heartbeats) >= 2, what="time to pass")
    assert [seq for _, _, seq in township.stored] == [6, 7, 8, 1, 2]


def test_what_was_under_way_at_a_power_cut_is_answered(
    port: int, clock: SystemClock, tmp_path: Path, township: Township
) -> None:
    """An order taken up before the cut is reported as failed after it, without a replay."""
    order = KEY.sign(an_order(clock))
    before = Hub(tmp_path / "cut", port, "3.1.1", clock)
    before.store.take_command(order.id, order.name, order.issuer)
    before.store.close()
    after = Hub(tmp_path / "cut", port, "3.1.1", clock)
    try:
        after.link.start()
        # The end of an order is told twice: at once, and by the outbox.
        wait_for(lambda: set(township.outcomes(order)) == {"failed"}, what="the answer")
        assert "restarted" in township.replies[0].sentence
        assert after.obeyed == []
    finally:
        after.close()


def test_an_answer_given_while_away_is_sent_on_return(
    port: int, clock: SystemClock, tmp_path: Path
) -> None:
    """The end of an order that came while nobody was there reaches the township later."""
    hub = Hub(tmp_path / "hub", port, "3.1.1", clock)
    township = Township(port, "3.1.1", clock)
    order = KEY.sign(an_order(clock))
    try:
        hub.store.take_command(order.id, order.name, order.issuer)
        hub.link.answer(order.id, "done", "好")
        hub.link.start()
        wait_for(lambda: hub.link.status().connected, what="the hub")
        township.link.start()
        wait_for(lambda: township.link.status().connected, what="the township")
        township.link.send(order)
        wait_for(lambda: township.outcomes(order)[-1:] == ["done"], what="the answer")
        assert hub.obeyed == []
    finally:
        hub.close()
        township.close()


def test_a_row_that_cannot_travel_does_not_hold_up_the_others(hub: Hub, township: Township) -> None:
    """It stays, is said in the fault, and what comes after it is sent."""
    incident = an_incident(hub.clock)
    broken = OutboxEntry(str(uuid.uuid4()), "cn.village.unheard_of.v1", b"{}", Lane.INCIDENT)
    hub.store.save_incident(incident, [broken])
    queue(hub, Lane.INCIDENT)
    hub.link.start()
    wait_for(lambda: township.stored, what="the other row")
    assert [seq for _, _, seq in township.stored] == [2]
    assert broken.id in hub.link.status().fault
