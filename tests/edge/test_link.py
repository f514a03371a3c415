"""The parts of the link, each alone: windows, ranges, envelopes, signatures, lateness, faults."""

from __future__ import annotations

import itertools
import json
import logging
import queue
import ssl
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SimulatedClock, SystemClock
from edge.errors import LinkError, MessageRefused, StoreFull
from edge.link import topics
from edge.link.complaints import of_exception, of_refusal, of_unsent
from edge.link.connection import Address, Arrived, Connection, Down, Event, Up, Will
from edge.link.embedded import EmbeddedBroker
from edge.link.envelope import event_bytes, event_of, seal
from edge.link.flights import Flights
from edge.link.liveness import RoundTrip
from edge.link.messages import Command, Envelope, IncidentEvent, Reply, TimeOffer, read
from edge.link.orders import Orders, answer
from edge.link.outbox import Remembered
from edge.link.signing import SigningKey, TrustedKeys
from edge.link.township import Stored, acks, merged
from edge.store.records import Lane, OutboxEntry, OutboxRow
from tests.fakes.broker import a_port
from tests.fakes.broker_ends import KEY, an_order
from tests.fakes.records import an_entry, an_incident
from tests.waiting import wait_for

HUB = "lin-jia-cun"


@given(st.sets(st.integers(1, 400)))
def test_ranges_cover_exactly_what_was_stored(numbers: set[int]) -> None:
    """Merged ranges are in order, do not touch, and hold each number once."""
    ranges = merged(numbers)
    covered = [n for first, last in ranges for n in range(first, last + 1)]
    assert covered == sorted(numbers)
    assert all(b[0] > a[1] + 1 for a, b in itertools.pairwise(ranges))


def test_an_ack_is_for_one_hub_and_stream_and_never_too_long() -> None:
    """Rows of two hubs make two acks; more than 256 holes make a second one."""
    streams = [f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2)]
    rows = [Stored("a", streams[0], n) for n in range(1, 1200, 2)]
    rows += [Stored("b", streams[1], n) for n in (7, 5, 6, 6)]
    made = acks(rows)
    assert [hub for hub, _ in made] == ["a", "a", "a", "b"]
    assert made[3][1].ranges == ((5, 7),)
    assert sum(len(ack.ranges) for _, ack in made) == 601
    assert max(len(ack.ranges) for _, ack in made) == 256


def test_a_row_is_sent_again_only_after_its_guard_which_doubles() -> None:
    """60 s, then 120 s; a new connection begins anew; an ack ends it."""
    flights = Flights(60.0)
    flights.depart(1, Lane.INCIDENT, "t", 11, 0.0)
    assert flights.next_deadline() == 60.0
    assert flights.release_overdue(59.9) == 0
    assert flights.release_overdue(60.0) == 1
    flights.depart(1, Lane.INCIDENT, "t", 12, 60.0)
    assert flights.next_deadline() == 180.0
    flights.forget()
    flights.depart(1, Lane.INCIDENT, "t", 1, 200.0)
    assert flights.next_deadline() == 260.0
    assert flights.published(1) is not None
    assert flights.published(1) is None
    flights.arrive([(1, 1)])
    assert len(flights) == 0
    assert flights.next_deadline() is None


def test_resync_forgets_only_from_there_on() -> None:
    """What lies before the asked number stays under way."""
    flights = Flights(60.0)
    for seq in range(1, 6):
        flights.depart(seq, Lane.THUMBNAIL if seq == 5 else Lane.INCIDENT, "t", seq, 0.0)
    assert flights.of_lane(Lane.THUMBNAIL) == 1
    flights.forget(3)
    assert flights.numbers == {1, 2}


def test_silence_is_noticed_only_when_asked_and_nothing_came() -> None:
    """Any message counts as an answer; without one the trip times out."""
    trip = RoundTrip(15.0, 10.0)
    trip.begin(0.0)
    assert trip.is_due(0.0)
    trip.ask(7, 0.0)
    assert not trip.is_due(100.0)
    assert trip.silent_s(9.9) is None
    trip.heard(5.0)
    assert trip.silent_s(10.0) is None
    assert trip.next_moment == 15.0
    assert trip.silent_s(15.0) == 10.0
    assert trip.returned(8, 15.0) is None
    assert trip.returned(7, 15.0) == 15_000.0
    assert trip.silent_s(99.0) is None
    assert trip.next_moment == 15.0


def a_row(data: bytes = b"{}", type_: str = "cn.village.incident.v1", seq: int = 4) -> OutboxRow:
    clock = SimulatedClock(trusted=False)
    entry = OutboxEntry("00000000-0000-7000-8000-000000000001", type_, data, Lane.INCIDENT)
    return OutboxRow(seq, entry, clock.stamp())


def test_an_envelope_says_what_the_clock_was_worth() -> None:
    """Boot, monotonic time and trust travel with the wall time; the event is read back."""
    clock = SimulatedClock()
    incident = an_incident(clock)
    row = OutboxRow(4, an_entry(incident), clock.stamp())
    stream = "00000000-0000-4000-8000-000000000009"
    topic, payload = seal(row, township="qingshan", hub=HUB, stream=stream)
    assert topic == f"vh1/h/{HUB}/evt/incident"
    envelope = read(Envelope, payload)
    assert (envelope.hub, envelope.seq, envelope.stream) == (HUB, 4, stream)
    assert (envelope.bootid, envelope.monoms) == (clock.stamp().boot_id, 1_000_000)
    assert envelope.clocktrusted
    event = event_of(envelope)
    assert isinstance(event, IncidentEvent)
    assert event.id == incident.id
    later = envelope.model_copy(update={"type": "cn.village.incident.v2"})
    assert event_of(later) is None
    with pytest.raises(MessageRefused, match="rev"):
        event_of(envelope.model_copy(update={"data": {**envelope.data, "rev": 0}}))


@pytest.mark.parametrize(
    "row",
    [
        a_row(type_="cn.village.unknown.v1"),
        a_row(b"not json"),
        a_row(b"[1]"),
        a_row(json.dumps({"text": "x" * 70_000}).encode()),
    ],
)
def test_what_cannot_travel_is_refused_with_a_sentence(row: OutboxRow) -> None:
    """Unknown type, no object, too large: one sentence that names the event."""
    with pytest.raises(MessageRefused, match=row.entry.id):
        seal(row, township="qingshan", hub=HUB, stream="00000000-0000-4000-8000-000000000009")


def test_an_alert_above_one_kilobyte_is_refused_where_it_is_made() -> None:
    """The longest names of the contract do not fit together; who makes them must know."""
    fields = {
        "id": "00000000-0000-7000-8000-000000000001",
        "rev": 1,
        "phase": "opened",
        "kind": "intrusion",
        "severity": "urgent",
        "camera": "gate",
        "camera_name": "村口",
        "opened_at": "2026-11-22T00:00:00Z",
        "seen_at": "2026-11-22T00:00:00Z",
    }
    assert len(event_bytes(IncidentEvent.model_validate(fields))) < 1024
    long = {**fields, **dict.fromkeys(("camera_name", "village", "zone_name"), "村" * 80)}
    with pytest.raises(MessageRefused, match="at most 1024"):
        event_bytes(IncidentEvent.model_validate(long))


def test_keys_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    """A key written and read again signs orders that its public half accepts."""
    SigningKey.generate("town-9").save(tmp_path / "town-9.key", tmp_path / "town-9.pub")
    assert stat.S_IMODE((tmp_path / "town-9.key").stat().st_mode) == 0o600
    order = an_order(SystemClock())
    signed = SigningKey.load("town-9", tmp_path / "town-9.key").sign(order)
    keys = TrustedKeys.load({"town-9": tmp_path / "town-9.pub"})
    keys.check(signed)
    keys.check(read(Command, signed.to_bytes()))
    with pytest.raises(MessageRefused, match="wrong"):
        keys.check(signed.model_copy(update={"hub": "another"}))
    with pytest.raises(LinkError, match=r"town-9\.pub"):
        SigningKey.load("town-9", tmp_path / "town-9.pub")
    with pytest.raises(LinkError, match="missing"):
        TrustedKeys.load({"town-9": tmp_path / "missing.pub"})


class Memory:
    """Orders in a dictionary; may be a full disk."""

    def __init__(self) -> None:
        self.full = False
        self.answers: dict[str, str] = {}

    def take_command(self, command_id: str, name: str, issuer: str) -> Remembered | None:
        if self.full:
            raise StoreFull("The disk is full.")
        self.answers.setdefault(command_id, "accepted")
        return None

    def answer_command(
        self, command_id: str, outcome: str, sentence: str, *, reply: bytes = b""
    ) -> None:
        self.answers[command_id] = outcome

    def unfinished_commands(self) -> list[Remembered]:
        return []


class Desk:
    """Orders beside a handler that always succeeds."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.memory = Memory()
        self.replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self.acked = 0
        self.obeyed = 0
        self.orders = Orders(
            HUB,
            self.memory,
            self._obey,
            TrustedKeys({KEY.id: KEY.public()}),
            clock=clock,
            say=self.replies.put,
            own={"resync": lambda command: answer(command.id, "done", "", clock)},
        )

    def take(self, command: Command, *, expires_in_s: float | None = None) -> list[str]:
        """Outcomes of the replies, in order, until the last one."""
        payload = KEY.sign(command).to_bytes()
        arrived = Arrived("", payload, False, expires_in_s, self.clock.monotonic(), self._ack)
        before = self.acked
        self.orders.take(command.name, arrived)
        wait_for(lambda: self.acked > before, what="the order to be taken")
        outcomes = [self.replies.get(timeout=5).outcome]
        while outcomes[-1] == "accepted":
            outcomes.append(self.replies.get(timeout=5).outcome)
        return outcomes

    def _ack(self) -> None:
        self.acked += 1

    def _obey(self, command: Command, expires_in_s: float) -> Reply:
        self.obeyed += 1
        assert expires_in_s > 0
        return answer(command.id, "done", "", self.clock)


def test_a_box_without_the_time_refuses_rather_than_shouts_late() -> None:
    """Untrusted clock: refused, unless the broker or the township's offer vouches for it."""
    clock = SimulatedClock(wall_s=1_000_000.0, trusted=False)
    real = SimulatedClock()
    desk = Desk(clock)
    assert desk.take(an_order(real, number=1)) == ["refused"]
    assert desk.take(an_order(real, number=2), expires_in_s=30.0) == ["accepted", "done"]
    assert desk.take(an_order(real, number=3), expires_in_s=0.0) == ["expired"]
    offer = TimeOffer(time=datetime.fromtimestamp(real.wall(), tz=UTC), clocktrusted=False)
    desk.orders.offered(offer)
    assert desk.take(an_order(real, number=4)) == ["accepted", "done"]
    clock.advance(61)
    assert desk.take(an_order(real, number=5)) == ["expired"]
    assert desk.obeyed == 2
    desk.orders.close()


def test_a_full_disk_does_not_silence_the_loudspeaker() -> None:
    """An order that cannot be written down is still obeyed, and still only once."""
    clock = SimulatedClock()
    desk = Desk(clock)
    desk.memory.full = True
    order = an_order(clock)
    assert desk.take(order) == ["accepted", "done"]
    payload = KEY.sign(order).to_bytes()
    before = desk.acked
    desk.orders.take("announce", Arrived("", payload, False, None, clock.monotonic(), desk._ack))
    wait_for(lambda: desk.acked > before, what="the replay")
    assert desk.obeyed == 1
    desk.orders.close()


def a_connection(
    port: int, events: list[Event], *, emit_fails: bool = False, address: Address | None = None
) -> Connection:
    def emit(event: Event) -> None:
        events.append(event)
        if emit_fails and isinstance(event, Arrived):
            raise ZeroDivisionError

    return Connection(
        address or Address("127.0.0.1", port, "3.1.1", username=HUB),
        HUB,
        emit,
        clock=SystemClock(),
        filters=("test/#",),
        will=lambda: Will("test/will", b"gone"),
        session_expiry_s=60,
        uniform=lambda low, _high: low,
    )


def test_a_callback_that_raises_does_not_end_the_network_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The fault is logged once, and messages go on coming."""
    port = a_port()
    broker = EmbeddedBroker(port)
    broker.start()
    events: list[Event] = []
    connection = a_connection(port, events, emit_fails=True)
    connection.start()
    wait_for(lambda: Up() in events, what="the connection")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            connection.publish("test/message", b"hello")
        wait_for(lambda: sum(isinstance(e, Arrived) for e in events) == 3, what="three messages")
    assert len([r for r in caplog.records if "callback=message" in r.message]) == 1
    connection.stop(1.0)
    broker.stop()


def test_a_wrong_password_is_a_sentence(tmp_path: Path) -> None:
    """The broker says no; the sentence says what to correct."""
    port = a_port()
    broker = EmbeddedBroker(port, {HUB: "right"})
    broker.start()
    secret = tmp_path / "secret"
    secret.write_text("wrong\n", encoding="utf-8")
    events: list[Event] = []
    address = Address("127.0.0.1", port, "3.1.1", username=HUB, password_file=secret)
    connection = a_connection(port, events, address=address)
    connection.start()
    wait_for(lambda: [e for e in events if isinstance(e, Down)], what="a refusal")
    (first, *_) = [e for e in events if isinstance(e, Down)]
    assert "password" in first.sentence or "let this box in" in first.sentence
    secret.write_text("right\n", encoding="utf-8")
    wait_for(lambda: Up() in events, what="the connection with the corrected password")
    connection.stop(1.0)
    broker.stop()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (Address("127.0.0.1", 1, "5"), "Nothing listens at 127.0.0.1:1"),
        (Address("no-such-host.invalid", 1883, "5"), "no-such-host.invalid"),
        (Address("127.0.0.1", 1, "5", username="x", password_file=Path("/nowhere")), "/nowhere"),
        (Address("127.0.0.1", 1, "5", ca=Path("/nowhere/ca.pem")), "/nowhere/ca.pem"),
    ],
)
def test_a_broker_that_cannot_be_reached_is_a_sentence(address: Address, words: str) -> None:
    """Nobody there, no such name, a missing file: each says what to do."""
    events: list[Event] = []
    connection = a_connection(1, events, address=address)
    connection.start()
    wait_for(lambda: events, what="a complaint")
    connection.stop(1.0)
    down = events[0]
    assert isinstance(down, Down)
    assert words in down.sentence
    assert connection.publish("test/x", b"") is None


def test_a_port_that_is_taken_is_a_sentence() -> None:
    """The built-in broker says which port and what to do."""
    port = a_port()
    first = EmbeddedBroker(port)
    first.start()
    with pytest.raises(Exception, match=f"port {port}"):
        EmbeddedBroker(port).start()
    first.stop()
    first.stop()


def test_every_complaint_is_a_sentence() -> None:
    """Whatever goes wrong, the clerk can read it aloud."""
    errors = [
        ssl.SSLCertVerificationError(1, "expired"),
        ssl.SSLError(1, "handshake"),
        TimeoutError(),
        PermissionError(13, "no", "key.pem"),
        OSError(113, "No route to host"),
    ]
    sentences = [of_exception(error, "broker", 8883) for error in errors]
    sentences += [of_refusal(code, "why", "broker:1883") for code in (1, 2, 4, 5, *range(128, 160))]
    sentences += [of_unsent(code, "evt/incident") for code in (0x80, 0x87, 0x97)]
    for sentence in sentences:
        assert sentence[0].isupper()
        assert sentence.endswith(".")


def test_a_retry_is_spread_and_never_slower_than_half_a_minute() -> None:
    """Full jitter from 1 s to 30 s, also after a thousand failures; the first within a second."""
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0.0

    connection = Connection(
        Address("127.0.0.1", 1),
        HUB,
        lambda _event: None,
        clock=SystemClock(),
        filters=("test",),
        will=lambda: Will("test/will", b""),
        session_expiry_s=60,
        uniform=draw,
    )
    connection.start()
    wait_for(lambda: len(drawn) >= 1200, timeout_s=30, what="many attempts")
    connection.stop(1.0)
    assert set(drawn[5:]) == {(0.0, 30.0)}
    assert drawn[:8] == [(0.0, high) for high in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0)]


def test_topics_do_not_leave_their_level() -> None:
    """An id that could escape its level is refused on both sides."""
    for bad in ("a/b", "+", "#", "", "A", "a" * 49, "村"):
        with pytest.raises(MessageRefused):
            topics.from_hub(bad, topics.STATE)
    assert topics.split_from_hub(f"vh1/h/{HUB}/rsp/1") == (HUB, "rsp/1")
    began = time.monotonic()
    with pytest.raises(MessageRefused):
        topics.split_from_hub("vh1/h/" + "a" * 60_000)
    assert time.monotonic() - began < 1
