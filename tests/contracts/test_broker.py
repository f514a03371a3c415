"""What hub and township promise each other, over every broker we speak to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.clock import SystemClock
from edge.link.embedded import EmbeddedBroker
from edge.link.messages import Command, Reply
from edge.link.orders import answer
from tests.fakes.broker import Mosquitto, a_port
from tests.fakes.broker_ends import KEY, TOWNSHIP, Hub, Protocol, Township, an_order
from tests.waiting import wait_for

Way = tuple[int, Protocol]


@pytest.fixture(
    params=[
        pytest.param("5", marks=pytest.mark.mosquitto, id="mosquitto-5"),
        pytest.param("3.1.1", marks=pytest.mark.mosquitto, id="mosquitto-3.1.1"),
        pytest.param("embedded", id="amqtt-3.1.1"),
    ]
)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    """Port and protocol of a broker that runs."""
    broker: Mosquitto | EmbeddedBroker
    if request.param == "embedded":
        port = a_port()
        broker = EmbeddedBroker(port, {"lin-jia-cun": "", "township": "", "stranger": ""})
    else:
        broker = Mosquitto(tmp_path)
        port = broker.port
    broker.start()
    yield port, "3.1.1" if request.param == "embedded" else request.param
    broker.stop()


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock(synchronised=lambda: True)


@pytest.fixture
def hub(tmp_path: Path, way: Way, clock: SystemClock) -> Iterator[Hub]:
    made = Hub(tmp_path / "hub", *way, clock)
    yield made
    made.close()


@pytest.fixture
def township(way: Way, clock: SystemClock) -> Iterator[Township]:
    made = Township(*way, clock)
    yield made
    made.close()


def together(hub: Hub, township: Township) -> None:
    """Start both and wait until they know of each other."""
    township.link.start()
    wait_for(lambda: township.link.status().connected, what="the township")
    hub.link.start()
    wait_for(lambda: township.births, what="a birth")


def test_what_was_reported_offline_arrives_once_and_in_order(hub: Hub, township: Township) -> None:
    """Rows written before anybody was there are stored in order and leave the outbox."""
    reported = hub.report(150)
    together(hub, township)
    wait_for(lambda: hub.link.status().queued == 0, what="an empty outbox")
    assert township.incidents == reported
    assert hub.store.incidents(1)[0].sent
    envelope = next(iter(township.stored.values()))
    assert (envelope.source, envelope.clocktrusted) == (f"/t/{TOWNSHIP}/h/lin-jia-cun", True)
    assert township.came == len(reported)


def test_a_row_stays_until_the_township_has_committed_it(hub: Hub, township: Township) -> None:
    """The broker's own acknowledgement deletes nothing."""
    township.acknowledges.clear()
    together(hub, township)
    hub.report()
    wait_for(lambda: township.stored, what="the alert")
    wait_for(lambda: len(township.heartbeats) > 2, what="heartbeats")
    assert hub.link.status().queued == 1
    window = township.heartbeats[-1][1].window
    assert (window.oldest, window.next_seq, window.queued) == (1, 2, 1)


def test_a_township_that_comes_back_gets_everything_again(
    hub: Hub, way: Way, clock: SystemClock, township: Township
) -> None:
    """What was not acknowledged is sent to the returning console at once, not after a minute."""
    township.acknowledges.clear()
    together(hub, township)
    reported = hub.report(5)
    wait_for(lambda: len(township.stored) == 5, what="the alerts")
    township.close()
    second = Township(*way, clock)
    try:
        second.link.start()
        wait_for(lambda: hub.link.status().queued == 0, what="an empty outbox")
        assert sorted(second.incidents) == sorted(reported)
    finally:
        second.close()


def test_state_is_kept_and_honest(hub: Hub, way: Way, clock: SystemClock) -> None:
    """Online and offline are retained with the boot number, for whoever comes later."""
    hub.link.start()
    wait_for(lambda: hub.link.status().connected, what="the hub")
    first = Township(*way, clock)
    first.link.start()
    wait_for(lambda: [s for _, s in first.states if s.s == "online"], what="online")
    hub.link.stop()
    wait_for(lambda: [s for _, s in first.states if s.s == "offline"], what="offline")
    first.close()
    later = Township(*way, clock)
    later.link.start()
    wait_for(lambda: later.states, what="the kept state")
    assert later.states[0][1].s == "offline"
    assert later.states[0][1].boot == hub.store.boot
    later.close()


def test_an_order_is_obeyed_once_and_answered(hub: Hub, township: Township) -> None:
    """Accepted, then done; a replay gets the old answer and nothing sounds again."""
    together(hub, township)
    order = KEY.sign(an_order(hub.clock))
    township.link.send(order)
    wait_for(lambda: township.outcomes(order) == ["accepted", "done"], what="the answers")
    township.link.send(order)
    wait_for(lambda: len(township.outcomes(order)) == 3, what="the old answer")
    assert township.outcomes(order)[2] == "done"
    assert hub.obeyed == [order]


def test_an_order_that_ends_later_is_answered_later(hub: Hub, township: Township) -> None:
    """A handler that replies `accepted` leaves the end to `HubLink.answer`."""
    hub.obey = lambda command: answer(command.id, "accepted", "", hub.clock)
    together(hub, township)
    order = KEY.sign(an_order(hub.clock))
    township.link.send(order)
    wait_for(lambda: hub.obeyed, what="the order")
    wait_for(lambda: township.outcomes(order) == ["accepted"], what="accepted")
    hub.link.answer(order.id, "failed", "喇叭没有响。")
    wait_for(lambda: len(township.outcomes(order)) == 2, what="the end")
    assert township.replies[-1].sentence == "喇叭没有响。"


def test_orders_without_a_good_signature_are_refused(hub: Hub, township: Township) -> None:
    """No signature, an unknown key, a changed word or another hub: refused, nothing sounds."""
    together(hub, township)
    good = KEY.sign(an_order(hub.clock, number=1))
    bad = [
        an_order(hub.clock, number=2),
        KEY.sign(an_order(hub.clock, number=3)).model_copy(update={"key": "town-2"}),
        KEY.sign(an_order(hub.clock, number=4)).model_copy(update={"data": {"text": "着火了"}}),
        good.model_copy(update={"id": "00000000-0000-4000-8000-000000000005"}),
        KEY.sign(an_order(hub.clock, number=6, name="stop", data={})).model_copy(
            update={"signature": "AAAA"}
        ),
    ]
    for order in bad:
        township.link.send(order)
    for order in bad:
        wait_for(lambda order=order: township.outcomes(order) == ["refused"], what=order.id)
    assert all(reply.sentence for reply in township.replies)
    assert hub.obeyed == []
    township.link.send(good)
    wait_for(lambda: hub.obeyed == [good], what="the good order")


def test_a_late_order_never_shouts(hub: Hub, township: Township) -> None:
    """An order past its time is answered `expired`."""
    together(hub, township)
    order = KEY.sign(an_order(hub.clock, lasts_s=-1.0))
    township.link.send(order)
    wait_for(lambda: township.outcomes(order) == ["expired"], what="expired")
    assert hub.obeyed == []


def test_an_order_for_a_hub_that_is_away_waits_for_it(
    hub: Hub, township: Township, way: Way, tmp_path: Path
) -> None:
    """A persistent session keeps the order while the hub is gone; it is obeyed on its return."""
    together(hub, township)
    hub.close()
    order = KEY.sign(an_order(hub.clock))
    township.link.send(order)
    again = Hub(tmp_path / "hub", *way, hub.clock)
    try:
        again.link.start()
        wait_for(lambda: again.obeyed == [order], what="the order")
        # It may have been obeyed before we were up; then only the newest answer is sent.
        wait_for(lambda: township.outcomes(order)[-1:] == ["done"], what="the answer")
    finally:
        again.close()


def test_a_handler_that_raises_ends_its_order_only(hub: Hub, township: Township) -> None:
    """The order fails with a sentence; the next one is obeyed, and alerts still go out."""

    def broken(_command: Command) -> Reply:
        raise ZeroDivisionError

    hub.obey = broken
    together(hub, township)
    first = KEY.sign(an_order(hub.clock, number=1))
    township.link.send(first)
    wait_for(lambda: township.outcomes(first) == ["accepted", "failed"], what="failed")
    hub.obey = lambda command: answer(command.id, "done", "", hub.clock)
    second = KEY.sign(an_order(hub.clock, number=2, name="stop", data={}))
    township.link.send(second)
    wait_for(lambda: township.outcomes(second) == ["accepted", "done"], what="done")
    hub.report()
    wait_for(lambda: township.stored, what="the alert")


def test_the_township_may_ask_again(hub: Hub, township: Township) -> None:
    """`resync` needs no signature and sends what is not acknowledged once more."""
    township.acknowledges.clear()
    together(hub, township)
    hub.report(3)
    wait_for(lambda: township.came == 3, what="the alerts")
    data = {"stream": hub.store.stream_id, "from_seq": 2}
    order = an_order(hub.clock, name="resync", data=dict(data))
    township.acknowledges.set()
    township.link.send(order)
    # Two alerts again, and the end of the order, which is an event, too.
    wait_for(lambda: township.came == 6, what="two alerts and the answer")
    wait_for(lambda: hub.link.status().queued == 1, what="three acks")
    assert township.came == 6
    assert [row.seq for row in hub.store.pending(5)] == [1]


def test_hostile_messages_are_counted_and_do_no_harm(
    hub: Hub, township: Township, way: Way
) -> None:
    """Rubbish, a forged sender and unknown topics change nothing for the honest."""
    together(hub, township)
    stranger = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="stranger")
    stranger.username_pw_set("stranger", "")
    stranger.connect("127.0.0.1", way[0])
    stranger.loop_start()
    forged = (
        b'{"specversion":"1.0","id":"00000000-0000-4000-8000-000000000001","source":'
        b'"/t/qingshan/h/another","type":"cn.village.incident.v1","time":"2026-11-22T00:00:00Z",'
        b'"stream":"00000000-0000-4000-8000-000000000002","seq":1,"data":{}}'
    )
    for topic, payload in [
        ("vh1/h/lin-jia-cun/evt/incident", b"\x00\xff not json"),
        ("vh1/h/lin-jia-cun/evt/incident", forged),
        ("vh1/h/lin-jia-cun/evt/incident", b"[" * 60_000),
        ("vh1/h/UPPER/evt/incident", b"{}"),
        ("vh1/h/lin-jia-cun/birth", b"{}"),
        ("vh1/h/lin-jia-cun/rsp/unknown", b"{}"),
        ("vh1/h/lin-jia-cun/surprise", b"{}"),
        ("vh1/c/lin-jia-cun/ack", b'{"stream":1}'),
        ("vh1/c/lin-jia-cun/cmd/announce", b"\xff"),
        ("vh1/c/lin-jia-cun/cmd/self-destruct", b"{}"),
        ("vh1/c/lin-jia-cun/time", b"{}"),
    ]:
        stranger.publish(topic, payload, qos=1)
    wait_for(lambda: township.link.status().refused == 7, what="seven refusals")
    wait_for(lambda: len(township.refused) == 4, what="the rubbish to be handed on")
    assert all(received.problem for received in township.refused)
    hub.report()
    wait_for(lambda: hub.link.status().queued == 0, what="an honest alert")
    stranger.disconnect()
    stranger.loop_stop()


def test_a_batch_that_cannot_be_stored_comes_again(hub: Hub, township: Township) -> None:
    """A store that fails acknowledges nothing; when it works again everything is there."""
    failures = []

    def full_disk(batch: object) -> None:
        if len(failures) < 2:
            failures.append(batch)
            raise OSError(28, "No space left on device")

    together(hub, township)
    township.before_storing = full_disk
    reported = hub.report(1)
    wait_for(lambda: hub.link.status().queued == 0, what="the stored alert")
    assert township.incidents == reported
    assert len(failures) == 2


def test_time_is_offered_to_a_hub_that_does_not_know_it(
    way: Way, tmp_path: Path, clock: SystemClock
) -> None:
    """A trusted township tells an untrusted hub the time after its birth."""
    unsure = Hub(tmp_path / "unsure", *way, SystemClock(synchronised=lambda: False))
    township = Township(*way, clock)
    try:
        together(unsure, township)
        wait_for(lambda: unsure.offers, what="the time")
        order = KEY.sign(an_order(clock))
        township.link.send(order)
        wait_for(lambda: township.outcomes(order) == ["accepted", "done"], what="the answers")
        late = KEY.sign(an_order(clock, number=2, lasts_s=-5.0))
        township.link.send(late)
        wait_for(lambda: township.outcomes(late) == ["expired"], what="expired")
    finally:
        unsure.close()
        township.close()


def test_one_poisoned_message_does_not_hold_the_others_up(hub: Hub, township: Township) -> None:
    """What alone cannot be stored stays at its hub; everything beside it is acknowledged."""
    hub.report(1)
    (poison,) = hub.store.incidents(1)

    def refuse(batch: list[object]) -> None:
        if any(poison.id in repr(received) for received in batch):
            raise ValueError("poison")

    township.before_storing = refuse  # type: ignore[assignment]
    reported = hub.report(9)
    together(hub, township)
    wait_for(lambda: hub.link.status().queued == 1, what="nine acks")
    assert township.incidents == reported
    assert not replace(poison, sent=False).sent
