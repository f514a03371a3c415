"""The hub's end of the link: outbox to the township, acks and orders back, liveness measured."""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from edge.clock import Clock
from edge.errors import EdgeError, MessageRefused, StoreError
from edge.link import topics
from edge.link.chunks import Chunks, Clips, Read
from edge.link.connection import Arrived, Connection, Down, Event, Published, Up, Will
from edge.link.housekeeping import Housekeeping
from edge.link.hub_status import HubLinkSettings, LinkStatus
from edge.link.liveness import RoundTrip
from edge.link.messages import (
    Ack,
    Birth,
    HubHeartbeat,
    HubState,
    Pull,
    Reply,
    TimeOffer,
    TownshipState,
    Window,
    read,
)
from edge.link.orders import CommandHandler, Orders, Outcome
from edge.link.outbox import Memory, window_of
from edge.link.replies import Replies
from edge.link.sender import Sender
from edge.link.signing import TrustedKeys
from edge.link.tuning import Tuning

_log = logging.getLogger(__name__)

__all__ = ["HubLink", "HubLinkSettings", "LinkStatus"]

_REFUSED = 0x80
_SESSION_EXPIRY_S = 86_400
_LOOK_S = 5.0
_EXPIRE_EVERY_S = 30.0
_GOOD_BYE_S = 1.0


@dataclass(frozen=True, slots=True)
class _Wake:
    """There is something new in the outbox."""


@dataclass(frozen=True, slots=True)
class _Say:
    """A reply is ready."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class _Again:
    """The township asks for every row from here on."""

    from_seq: int


@dataclass(frozen=True, slots=True)
class _Finish:
    """Send what can be sent until this moment, then go."""

    deadline_mono_s: float


class HubLink:
    """Sends the outbox and obeys orders, on threads of its own.

    One dispatcher thread owns all state; the network thread and the order threads only put
    events into its queue, and so does every public method. A row is gone only when the township
    says that it has committed it.
    """

    def __init__(
        self,
        settings: HubLinkSettings,
        outbox: Memory,
        handle: CommandHandler,
        *,
        trusted_keys: TrustedKeys,
        birth: Callable[[Window], Birth],
        heartbeat: Callable[[Window], HubHeartbeat],
        clock: Clock,
        on_time: Callable[[TimeOffer], None] = lambda _offer: None,
        pictures: Read = lambda _sha256: None,
        clips: Clips | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Nothing is opened before `start`.

        Args:
            settings: Where the township's broker is, and how often what is said.
            outbox: The memory of the box.
            handle: Carries orders out.
            trusted_keys: Whose orders may make sound.
            birth: Makes the birth message; called on the dispatcher thread.
            heartbeat: Makes the heartbeat; called on the dispatcher thread.
            clock: The clock of the house.
            on_time: Told of the township's time while ours is not trusted and its is.
            pictures: Gives the full picture of a SHA-256, for the township to fetch.
            clips: The recordings of incidents, likewise.
            uniform: Draws a number between two, for jitter.
        """
        topics.safe_id(settings.hub)
        topics.safe_id(settings.township)
        self._settings = settings
        self._outbox = outbox
        self._birth = birth
        self._heartbeat = heartbeat
        self._clock = clock
        self._on_time = on_time
        self._uniform = uniform
        self._events: queue.SimpleQueue[Event | _Wake | _Say | _Again | _Finish] = (
            queue.SimpleQueue()
        )
        self._tuning = Tuning(settings, outbox, clock)
        self._connection = Connection(
            settings.address,
            settings.hub,
            self._events.put,
            clock=clock,
            filters=(topics.everything_for(settings.hub), topics.township_state(settings.township)),
            will=lambda: Will(self._topic(topics.STATE), self._state("offline").to_bytes()),
            session_expiry_s=_SESSION_EXPIRY_S,
            window=settings.window,
            uniform=uniform,
        )
        self._sender = Sender(
            outbox,
            self._publish_counted,
            township=settings.township,
            hub=settings.hub,
            window=settings.window,
            guard_s=settings.guard_s,
            allows=self._tuning.budget.allows,
        )
        self._chunks = Chunks(
            outbox,
            pictures,
            self._publish_counted,
            hub=settings.hub,
            is_calm=lambda: self._sender.is_calm,
            allows=self._tuning.budget.allows,
            clips=clips,
        )
        self._orders = Orders(
            settings.hub,
            outbox,
            handle,
            trusted_keys,
            clock=clock,
            say=lambda reply: self._events.put(_Say(reply)),
            own=Housekeeping(
                outbox,
                self._chunks,
                self._tuning,
                clock=clock,
                resync=lambda from_seq: self._events.put(_Again(from_seq)),
                wake=self.wake,
            ).orders(),
        )
        now = clock.monotonic()
        self._status = LinkStatus(connected=False, since_mono_s=now)
        self._faults: dict[str, str] = {}
        self._connection_fault = ""
        self._replies = Replies()
        self._trip = RoundTrip(settings.ping_every_s, settings.ping_timeout_s)
        self._next_heartbeat = self._next_expiry = now
        self._next_rebirth: float | None = None
        self._finish: _Finish | None = None
        self._good_bye: int | None = None
        self._beat_mono_s = now
        self._thread = threading.Thread(target=self._run, name="link-dispatcher", daemon=True)

    def start(self) -> None:
        """Begin to connect and to send; returns at once, also when nobody is there."""
        self._thread.start()
        self._connection.start()
        self._orders.begin()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Send what can still be sent, say `offline`, let go."""
        self._events.put(_Finish(self._clock.monotonic() + timeout_s))
        if self._thread.is_alive():
            self._thread.join(timeout_s + 1.0)
        self._connection.stop(1.0)
        self._orders.close()

    def wake(self) -> None:
        """There is something new in the outbox; cheap, from any thread."""
        self._events.put(_Wake())

    def renew(self) -> None:
        """Connect anew, with the certificate that lies in the files now; nothing is lost."""
        self._connection.renew()

    def answer(self, command_id: str, outcome: Outcome, sentence: str = "") -> None:
        """Tell the end of an order whose handler replied `accepted`; from any thread."""
        self._orders.answer(command_id, outcome, sentence)

    def status(self) -> LinkStatus:
        """How the link is at this moment."""
        status = self._status
        faults = [
            self._connection_fault,
            *list(self._faults.values()),
            *list(self._sender.faults.values()),
            self._tuning.budget.fault(),
        ]
        fault = next(filter(None, faults), "")
        try:
            window = self._outbox.window()
        except StoreError as error:
            return replace(status, fault=fault or str(error))
        return replace(status, fault=fault, queued=window.queued, oldest_age_s=window.oldest_age_s)

    def fresh(self, max_age_s: float) -> bool:
        """Whether both threads of the link moved lately; true also while the township is away."""
        oldest = min(self._beat_mono_s, self._connection.beat_mono_s)
        return self._clock.monotonic() - oldest <= max_age_s

    def _run(self) -> None:
        while not self._done():
            self._beat_mono_s = self._clock.monotonic()
            try:
                event = self._events.get(timeout=max(0.0, self._next_moment() - self._beat_mono_s))
            except queue.Empty:
                event = _Wake()
            self._guarded("event", lambda event=event: self._take(event))  # type: ignore[misc]
            if self._guarded("work", self._work):
                self._faults.pop("work", None)

    def _guarded(self, kind: str, step: Callable[[], None]) -> bool:
        """The loop must live, whatever a provider or the disk does."""
        try:
            step()
        except EdgeError as error:
            self._fault(kind, str(error))
        except Exception:  # noqa: BLE001 - a provider's fault must not end the link
            _log.exception("link dispatcher step failed")
        else:
            return True
        return False

    def _next_moment(self) -> float:
        moments = [self._beat_mono_s + _LOOK_S, self._next_expiry]
        if self._status.connected:
            moments += [self._trip.next_moment, self._next_heartbeat]
            others = (
                self._sender.next_deadline(),
                self._next_rebirth,
                self._chunks.next_moment(),
            )
            moments += [moment for moment in others if moment is not None]
        if self._finish is not None:
            moments.append(self._finish.deadline_mono_s)
        return min(moments)

    def _take(self, event: object) -> None:
        match event:
            case Up():
                self._came_up()
            case Down(sentence):
                self._went_down(sentence)
            case Arrived():
                self._trip.heard(event.mono_s)
                self._receive(event)
            case Published(mid, code):
                self._published(mid, code)
            case _Say(reply):
                self._reply(reply)
            case _Again(from_seq):
                self._sender.again(from_seq)
            case _Finish():
                self._finish = event

    def _work(self) -> None:
        """Whatever is due now."""
        now = self._clock.monotonic()
        if now >= self._next_expiry:
            self._next_expiry = now + _EXPIRE_EVERY_S
            self._outbox.expire()
            self._tuning.keep()
        if not self._status.connected:
            return
        if self._next_rebirth is not None and now >= self._next_rebirth:
            self._next_rebirth = None
            self._sender.again()
            self._announce_ourselves()
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + self._tuning.heartbeat_s
            body = self._tuning.told(self._heartbeat(window_of(self._outbox)))
            self._publish(topics.HEARTBEAT, body.to_bytes(), qos=0)
        self._look_for_life(now)
        self._sender.send(now)
        self._chunks.send(now)

    def _came_up(self) -> None:
        now = self._clock.monotonic()
        self._chunks.begin()
        self._trip.begin(now)
        self._connection_fault = ""
        self._faults.clear()  # what still holds will be said again
        self._status = replace(self._status, connected=True, since_mono_s=now)
        self._next_heartbeat = now
        self._next_rebirth = None
        self._sender.begin()
        self._announce_ourselves()
        for reply in self._replies.begin():
            self._reply(reply)

    def _went_down(self, sentence: str) -> None:
        self._connection_fault = sentence
        if self._status.connected:
            now = self._clock.monotonic()
            self._status = replace(self._status, connected=False, since_mono_s=now)
        self._sender.again()

    def _announce_ourselves(self) -> None:
        self._publish(topics.STATE, self._state("online").to_bytes(), retain=True)
        self._publish(topics.BIRTH, self._birth(window_of(self._outbox)).to_bytes())

    def _receive(self, arrived: Arrived) -> None:
        hub = self._settings.hub
        if arrived.topic.startswith(topics.to_hub(hub, "cmd/")):
            self._orders.take(arrived.topic.rsplit("/", 1)[1], arrived)
            return
        arrived.ack()
        try:
            if arrived.topic == topics.ack(hub):
                self._acknowledge(read(Ack, arrived.payload))
            elif arrived.topic == topics.time(hub):
                self._offered(read(TimeOffer, arrived.payload))
            elif arrived.topic == topics.pull(hub):
                self._chunks.asked(read(Pull, arrived.payload))
            elif arrived.topic == topics.township_state(self._settings.township):
                self._township(read(TownshipState, arrived.payload), retained=arrived.retained)
        except MessageRefused as refusal:
            _log.warning("link topic=%s refused=%s", arrived.topic, refusal)

    def _acknowledge(self, ack: Ack) -> None:
        self._outbox.acknowledge(ack.stream, ack.ranges)
        if ack.stream == self._outbox.stream_id:
            self._sender.acknowledged(ack.ranges)
        self._faults.pop("event", None)
        self._status = replace(self._status, last_ack_mono_s=self._clock.monotonic())

    def _offered(self, offer: TimeOffer) -> None:
        self._orders.offered(offer)
        if offer.clocktrusted and not self._clock.trusted():
            self._on_time(offer)

    def _township(self, state: TownshipState, *, retained: bool) -> None:
        online = state.s == "online"
        self._status = replace(self._status, township=online)
        if online and not retained:
            # It has just come back; what was under way may have been lost with its broker.
            spread = self._uniform(0.0, self._settings.rebirth_spread_s)
            self._next_rebirth = self._clock.monotonic() + spread

    def _published(self, mid: int, code: int) -> None:
        trip_ms = self._trip.returned(mid, self._clock.monotonic())
        if trip_ms is not None:
            self._status = replace(self._status, round_trip_ms=trip_ms)
            return
        if mid == self._good_bye:
            self._good_bye = -1
        if code < _REFUSED:
            self._replies.taken(mid)
        now = self._clock.monotonic()
        if self._sender.published(mid, code) or self._chunks.published(mid, now):
            self._trip.heard(self._clock.monotonic())

    def _look_for_life(self, now: float) -> None:
        silent_s = self._trip.silent_s(now)
        if silent_s is not None:
            self._trip.begin(now)
            self._connection.abandon(
                f"The broker has not answered for {silent_s:.0f} s. The link begins anew."
            )
        elif self._trip.is_due(now):
            self._trip.ask(self._connection.publish(self._topic(topics.PING), b"{}"), now)

    def _reply(self, reply: Reply) -> None:
        self._replies.keep(reply)
        topic = topics.reply(self._settings.hub, reply.command)
        mid = self._publish_counted(topic, reply.to_bytes())
        if mid is not None:
            self._replies.sent(reply, mid)

    def _fault(self, kind: str, sentence: str) -> None:
        if self._faults.get(kind) != sentence:
            self._faults[kind] = sentence
            _log.warning("link %s", sentence)

    def _done(self) -> bool:
        """Whether it is time to go, after `stop`: everything acknowledged, or no time left."""
        if self._finish is None:
            return False
        left_s = self._finish.deadline_mono_s - self._clock.monotonic()
        if not self._status.connected or left_s <= 0:
            return True
        if self._good_bye is None and (left_s < _GOOD_BYE_S or self._nothing_left()):
            state = self._state("offline").to_bytes()
            self._good_bye = self._connection.publish(self._topic(topics.STATE), state, retain=True)
            return self._good_bye is None
        return self._good_bye == -1

    def _nothing_left(self) -> bool:
        try:
            return not len(self._sender) and not self._outbox.window().queued
        except StoreError:
            return True

    def _state(self, state: Literal["online", "offline"]) -> HubState:
        return HubState(
            s=state,
            boot=self._outbox.boot,
            stream=self._outbox.stream_id,
            time=datetime.fromtimestamp(self._clock.wall(), tz=UTC),
        )

    def _topic(self, name: str) -> str:
        return topics.from_hub(self._settings.hub, name)

    def _publish(self, name: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        topic = self._topic(name)
        self._tuning.budget.spend(len(topic) + len(payload))
        self._connection.publish(topic, payload, qos=qos, retain=retain)

    def _publish_counted(self, topic: str, payload: bytes) -> int | None:
        mid = self._connection.publish(topic, payload)
        if mid is not None:
            self._tuning.budget.spend(len(topic) + len(payload))
        return mid
