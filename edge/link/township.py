"""The township's end of the link: committed first, acknowledged then, and never before."""

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
from edge.errors import LinkError, MessageRefused
from edge.link import topics
from edge.link.acking import Stored, acks, merged
from edge.link.connection import Arrived, Connection, Down, Event, Published, Up, Will
from edge.link.liveness import RoundTrip
from edge.link.messages import (
    MAX_CHUNK_BYTES,
    Birth,
    Chunk,
    Command,
    Envelope,
    HubHeartbeat,
    HubState,
    Pull,
    Reply,
    TimeOffer,
    TownshipState,
    read,
)
from edge.link.township_records import (
    Ingest,
    Listeners,
    Received,
    TownshipLinkSettings,
    TownshipStatus,
)

__all__ = [
    "Ingest",
    "Listeners",
    "Received",
    "Stored",
    "TownshipLink",
    "TownshipLinkSettings",
    "TownshipStatus",
    "acks",
    "merged",
]

_log = logging.getLogger(__name__)

_SESSION_EXPIRY_S = 7 * 86_400
_WORKER_EXPIRY_S = 60
_ACKS = 10_000
_BATCH_WAIT_S = 0.02
_LOOK_S = 5.0
_FLOOD = 10_000
_REFUSED = 0x80
_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Stop:
    """It is time to go."""


class TownshipLink:
    """Receives every hub's events and sends orders, on threads of its own.

    The network thread only puts events into a queue; one thread takes them out, stores events in
    batches and acknowledges: first MQTT (to the connection a message came by), then the row to
    its hub.
    """

    def __init__(
        self,
        settings: TownshipLinkSettings,
        ingest: Ingest,
        *,
        clock: Clock,
        listeners: Listeners | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Nothing is opened before `start`.

        Args:
            settings: Where the broker is.
            ingest: Stores a batch.
            clock: The clock of the house.
            listeners: Who wants to know of states, births, heartbeats and replies.
            uniform: Draws a number between two, for jitter.
        """
        self._settings = settings
        self._ingest = ingest
        self._clock = clock
        self._listeners = listeners or Listeners()
        self._events: queue.SimpleQueue[Event | _Stop] = queue.SimpleQueue()
        self._connection = Connection(
            settings.address,
            settings.client_id,
            self._put,
            clock=clock,
            filters=settings.filters,
            leaves=settings.leaves,
            will=lambda: Will(self._state_topic, self._state("offline")),
            # What waits for a worker that is gone for good must go to the others soon.
            session_expiry_s=_WORKER_EXPIRY_S if settings.worker else _SESSION_EXPIRY_S,
            # A batch of a thousand hubs is a thousand acks; one that is dropped here costs a hub
            # its guard of a minute.
            window=_ACKS,
            # What comes faster than it is stored waits at the broker; in our queue it would hide
            # the broker's sign of life.
            receive_at_most=2 * settings.batch,
            uniform=uniform,
        )
        now = clock.monotonic()
        self._status = TownshipStatus(connected=False, since_mono_s=now)
        self._hubs: set[str] = set()
        self._beats: dict[str, HubHeartbeat] = {}
        self._beats_due = 0.0
        self._next_offer = now
        self._trip = RoundTrip(settings.ping_every_s, settings.ping_timeout_s)
        self._beat_mono_s = now
        self._stopping = False
        self._reported: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="township-link", daemon=True)

    def start(self) -> None:
        """Begin to connect and to store; returns at once."""
        self._thread.start()
        self._connection.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Store what is at hand, say `offline`, let go. What was not stored comes again."""
        self._events.put(_Stop())
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._connection.stop(timeout_s)

    def status(self) -> TownshipStatus:
        return self._status

    def fresh(self, max_age_s: float) -> bool:
        """Whether both threads of the link moved lately; true also while the broker is away."""
        oldest = min(self._beat_mono_s, self._connection.beat_mono_s)
        return self._clock.monotonic() - oldest <= max_age_s

    def send(self, command: Command) -> None:
        """Hand a signed order to the broker; answers come to `on_reply`.

        The broker keeps it for a hub that is away, until it expires. The caller keeps it until
        the first answer and sends it again (the same id) when none comes.

        Raises:
            LinkError: There is no connection; nothing was sent.
        """
        left_s = command.expires_at.timestamp() - self._clock.wall()
        mid = self._connection.publish(
            topics.command(command.hub, command.name), command.to_bytes(), expires_in_s=left_s
        )
        if mid is None:
            raise LinkError("The broker cannot be reached, so the order was not sent. Try again.")

    def pull(self, hub: str, wish: Pull) -> bool:
        """Ask a hub for a piece of a picture; False when there is no connection."""
        return self._connection.publish(topics.pull(hub), wish.to_bytes()) is not None

    def _put(self, event: Event) -> None:
        # A flood of heartbeats must not eat the memory; what is stored by outbox waits unacked.
        if (
            isinstance(event, Arrived)
            and self._events.qsize() > _FLOOD
            and not _is_event(event.topic)
        ):
            event.ack()
            return
        self._events.put(event)

    def _run(self) -> None:
        batch: list[tuple[Received, Arrived]] = []
        until = 0.0
        while not self._stopping:
            self._beat_mono_s = self._clock.monotonic()
            wait_s = (until if batch else self._next_moment()) - self._beat_mono_s
            try:
                event = self._events.get(timeout=max(0.0, wait_s))
            except queue.Empty:
                event = None
            if isinstance(event, Arrived) and _is_event(event.topic):
                self._trip.heard(event.mono_s)
                if not batch:
                    until = self._clock.monotonic() + _BATCH_WAIT_S
                batch.append((self._parse(event), event))
            elif event is not None:
                self._guarded("event", lambda event=event: self._take(event))  # type: ignore[misc]
            if batch and (len(batch) >= self._settings.batch or self._clock.monotonic() >= until):
                self._store(batch)
                batch = []
            self._guarded("work", self._work)
        if batch:
            self._store(batch)
        self._connection.publish(self._state_topic, self._state("offline"), retain=True)

    def _guarded(self, kind: str, step: Callable[[], None]) -> bool:
        """The loop must live, whatever a listener or the store does."""
        try:
            step()
        except Exception:  # noqa: BLE001 - a listener's fault must not end the link
            if kind not in self._reported:
                self._reported.add(kind)
                _log.exception("township step=%s failed, further ones stay silent", kind)
            return False
        return True

    def _next_moment(self) -> float:
        look = self._beat_mono_s + _LOOK_S
        if not self._status.connected:
            return look
        beats = self._beats_due if self._beats else look
        return min(look, self._next_offer, self._trip.next_moment, beats)

    def _take(self, event: Event | _Stop) -> None:
        match event:
            case Up():
                self._came_up()
            case Down(sentence):
                since = self._clock.monotonic() if self._status.connected else None
                self._status = replace(
                    self._status,
                    connected=False,
                    fault=sentence,
                    since_mono_s=since or self._status.since_mono_s,
                )
            case Published(mid, code):
                self._published(mid, code)
            case Arrived():
                self._trip.heard(event.mono_s)
                event.ack()
                if not self._kept_for_later(event):
                    self._tell(event)
            case _Stop():
                self._stopping = True

    def _came_up(self) -> None:
        now = self._clock.monotonic()
        self._status = replace(self._status, connected=True, since_mono_s=now, fault="")
        self._trip.begin(now)
        # Hubs answer this with a birth and everything that is not acknowledged.
        self._connection.publish(self._state_topic, self._state("online"), retain=True)

    def _kept_for_later(self, arrived: Arrived) -> bool:
        """Of the heartbeats of a hub only the newest matters; a thousand hubs beat at once."""
        if not arrived.topic.endswith(f"/{topics.HEARTBEAT}"):
            return False
        try:
            hub, _ = topics.split_from_hub(arrived.topic)
            if not self._beats:
                wait_s = self._settings.write_heartbeats_every_s
                self._beats_due = self._clock.monotonic() + wait_s
            self._beats[hub] = read(HubHeartbeat, arrived.payload)
        except MessageRefused as refusal:
            self._refused(arrived.topic, str(refusal))
        return True

    def _tell_heartbeats(self) -> None:
        beats, self._beats = self._beats, {}
        for hub, beat in beats.items():
            self._hubs.add(hub)
            self._guarded(
                "heartbeat",
                lambda hub=hub, beat=beat: self._listeners.on_heartbeat(hub, beat),  # type: ignore[misc]
            )

    def _work(self) -> None:
        now = self._clock.monotonic()
        if self._beats and now >= self._beats_due:
            self._tell_heartbeats()
        if not self._status.connected:
            return
        if now >= self._next_offer:
            self._next_offer = now + self._settings.offer_time_every_s
            for hub in sorted(self._hubs):
                self._offer_time(hub)
        silent_s = self._trip.silent_s(now)
        if silent_s is not None:
            self._trip.begin(now)
            self._connection.abandon(
                f"The broker has not answered for {silent_s:.0f} s. The link begins anew."
            )
        elif self._trip.is_due(now):
            topic = topics.township_ping(self._settings.township)
            self._trip.ask(self._connection.publish(topic, b"{}"), now)

    def _published(self, mid: int, code: int) -> None:
        trip_ms = self._trip.returned(mid, self._clock.monotonic())
        if trip_ms is not None:
            self._status = replace(self._status, round_trip_ms=trip_ms)
        elif code >= _REFUSED:
            sentence = (
                f"The broker refused a message of the console (code 0x{code:02x}). Correct its "
                "access list."
            )
            self._status = replace(self._status, fault=sentence)

    def _parse(self, arrived: Arrived) -> Received:
        hub, problem, envelope = "", "", None
        try:
            hub, name = topics.split_from_hub(arrived.topic)
            envelope = read(Envelope, arrived.payload)
            problem = _mismatch(envelope, hub, name)
        except MessageRefused as refusal:
            problem = str(refusal)
        if problem:
            self._refused(arrived.topic, problem)
        return Received(hub, envelope, arrived.payload, problem)

    def _store(self, batch: list[tuple[Received, Arrived]]) -> None:
        """One transaction, then the acks. What fails stays unacknowledged and comes again."""
        stored: list[Stored] = []
        kept = self._ingested(batch, stored)
        if not kept and len(batch) > 1:
            # Perhaps one of them is poison; it must not hold the others up.
            kept = [one for one in batch if self._ingested([one], stored)]
        if not kept:
            fault = "The township could not store what its hubs sent. Look at its disk and log."
            self._status = replace(self._status, fault=fault)
            # The broker sends what lacks an MQTT ack again, but only to a new connection.
            self._connection.abandon(fault)
            return
        for received, arrived in batch:
            if (received, arrived) not in kept:
                self._refused(arrived.topic, "It could not be stored while others could.")
            arrived.ack()
        self._status = replace(self._status, stored=self._status.stored + len(stored))
        for hub, ack in acks(stored):
            self._connection.publish(topics.ack(hub), ack.to_bytes())

    def _ingested(
        self, batch: list[tuple[Received, Arrived]], stored: list[Stored]
    ) -> list[tuple[Received, Arrived]]:
        def step() -> None:
            stored.extend(self._ingest([received for received, _ in batch]))

        return batch if self._guarded("ingest", step) else []

    def tell_news(self, payload: bytes) -> None:
        """A worker tells the console what it has stored; lost without harm."""
        news = topics.worker_news(self._settings.township)
        self._connection.publish(news, payload, qos=0)

    def _tell(self, arrived: Arrived) -> None:
        if arrived.topic == topics.worker_news(self._settings.township):
            self._listeners.on_news(arrived.payload)
            return
        try:
            hub, name = topics.split_from_hub(arrived.topic)
            self._tell_of(hub, name, arrived.payload)
        except MessageRefused as refusal:
            self._refused(arrived.topic, str(refusal))

    def _tell_of(self, hub: str, name: str, payload: bytes) -> None:
        listeners = self._listeners
        if name == topics.STATE:
            self._hubs.add(hub)
            listeners.on_state(hub, read(HubState, payload))
        elif name == topics.BIRTH:
            self._hubs.add(hub)
            birth = read(Birth, payload)
            self._offer_time(hub)
            listeners.on_birth(hub, birth)
        elif name == topics.HEARTBEAT:
            self._hubs.add(hub)
            listeners.on_heartbeat(hub, read(HubHeartbeat, payload))
        elif name.startswith(topics.CHUNK):
            head, piece = _unframed(payload)
            listeners.on_chunk(hub, name.removeprefix(topics.CHUNK), head, piece)
        elif name.startswith("rsp/"):
            reply = read(Reply, payload)
            if name != f"rsp/{reply.command}":
                raise MessageRefused(f"A reply to {reply.command} came on the topic {name!r}.")
            listeners.on_reply(hub, reply)
        elif name != topics.PING:
            raise MessageRefused(f"Nothing is known of the topic {name!r}.")

    def _offer_time(self, hub: str) -> None:
        offer = TimeOffer(time=self._now(), clocktrusted=self._clock.trusted())
        self._connection.publish(topics.time(hub), offer.to_bytes(), qos=0)

    def _refused(self, topic: str, problem: str) -> None:
        self._status = replace(self._status, refused=self._status.refused + 1)
        _log.warning("township topic=%.120r refused=%.300r", topic, problem)

    @property
    def _state_topic(self) -> str:
        return self._settings.state_topic

    def _state(self, state: Literal["online", "offline"]) -> bytes:
        return TownshipState(s=state, time=self._now()).to_bytes()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), tz=UTC)


def _is_event(topic: str) -> bool:
    return "/evt/" in topic


def _unframed(payload: bytes) -> tuple[Chunk, bytes]:
    """Header and bytes of a piece.

    Raises:
        MessageRefused: It has no header, or the piece is too large.
    """
    head, _, piece = payload.partition(b"\n")
    if len(piece) > MAX_CHUNK_BYTES:
        raise MessageRefused(f"A piece of {len(piece)} bytes is larger than was asked for.")
    return read(Chunk, head), piece


def _mismatch(envelope: Envelope, hub: str, name: str) -> str:
    if envelope.hub != hub:
        return f"The message on the topic of {hub} says that it is from {envelope.hub}."
    if name not in topics.EVENTS:
        return f"Nothing is known of the topic {name!r}."
    return ""
