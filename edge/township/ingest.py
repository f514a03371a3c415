"""From the wire into the store: a batch becomes one transaction, and only then is acknowledged."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy import exc

from edge.clock import Clock
from edge.errors import MessageRefused
from edge.events import Bus, Change
from edge.link import topics
from edge.link.messages import (
    EVENT_TOPICS,
    EVENT_TYPES,
    MAX_THUMBNAIL_BYTES,
    Birth,
    Envelope,
    EvidenceEvent,
    ExpiredEvent,
    HubHeartbeat,
    HubState,
    IncidentEvent,
    Message,
    Reply,
    SpeakerEvent,
    Window,
    read,
)
from edge.township.store import Store, alerts, hubs, inbox, orders, receipts
from edge.township.store.inbox import Claim, Key
from edge.township.store.records import Gap

log = logging.getLogger(__name__)

_JPEG = b"\xff\xd8\xff"


class Arrival(Protocol):
    """A message as the link hands it over."""

    @property
    def topic(self) -> str: ...

    @property
    def payload(self) -> bytes: ...


@dataclass(slots=True)
class Counts:
    """What became of the messages since the start."""

    stored: int = 0
    duplicates: int = 0
    flagged: int = 0
    refused: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Resync:
    """A hub should send its outbox again from here."""

    hub: str
    stream: str
    from_seq: int


@dataclass(slots=True)
class _Batch:
    """What one transaction found, to be told after its commit."""

    connection: sa.Connection
    now: float
    kept: list[Key] = field(default_factory=list)
    changes: dict[Change, None] = field(default_factory=dict)
    resyncs: list[Resync] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def tell(self, topic: str, id_: str = "") -> None:
        self.changes[Change(topic, id_)] = None


class Ingest:
    """Stores what hubs say; safe to call from any one thread at a time."""

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self.counts = Counts()

    def store_batch(self, batch: Sequence[Arrival]) -> tuple[list[Key], list[Resync]]:
        """Commit a batch as a whole.

        Returns:
            The rows that are now safe here (new or here before), which their hubs may forget,
            and the hubs that should send again.

        Raises:
            StoreError: Nothing of the batch was stored; it must be delivered again.
        """
        with self._store.database.write() as connection:
            found = _Batch(connection, self._clock.wall())
            for arrival in batch:
                _take(found, arrival)
        for name in Counts.__slots__:
            setattr(self.counts, name, getattr(self.counts, name) + getattr(found.counts, name))
        for change in found.changes:
            self._bus.publish(change)
        return found.kept, found.resyncs


def _take(batch: _Batch, arrival: Arrival) -> None:
    """One message; whatever it is, the others of its batch are not harmed."""
    hub = ""
    try:
        hub, name = topics.split_from_hub(arrival.topic)
        if name in topics.EVENTS:
            _event(batch, hub, name, arrival.payload)
        elif name == topics.STATE:
            _state(batch, hub, read(HubState, arrival.payload))
        elif name == topics.BIRTH:
            _birth(batch, hub, read(Birth, arrival.payload))
        elif name == topics.HEARTBEAT:
            _heartbeat(batch, hub, read(HubHeartbeat, arrival.payload))
        elif name.startswith("rsp/"):
            _reply(batch, hub, name, read(Reply, arrival.payload))
        else:
            batch.counts.unknown += 1
    except MessageRefused as refusal:
        batch.counts.refused += 1
        log.warning("ingest refused hub=%s reason=%r", hub or "?", str(refusal))
        if hub:
            hubs.complain(batch.connection, hub, str(refusal))
            batch.tell("hub", hub)


def _event(batch: _Batch, hub: str, name: str, payload: bytes) -> None:
    envelope = read(Envelope, payload)
    if envelope.hub != hub:
        raise MessageRefused(f"Hub {hub} sent an event in the name of {envelope.hub}.")
    key = Key(hub, envelope.stream, envelope.seq)
    hubs.touch(batch.connection, hub, now=batch.now)
    new = inbox.keep(
        batch.connection,
        key,
        event_id=envelope.id,
        type=envelope.type,
        raw=_raw(envelope, payload),
        received_at=batch.now,
        stored_at=batch.now,
    )
    batch.kept.append(key)
    if not new:
        batch.counts.duplicates += 1
        _compare(batch, key, envelope)
        return
    batch.counts.stored += 1
    try:
        # A savepoint: what cannot be used is kept raw, and its half-made rows are taken back.
        with batch.connection.begin_nested():
            _apply(batch, key, name, envelope)
    except (MessageRefused, exc.DataError, exc.IntegrityError, OverflowError) as error:
        _flag(batch, key, str(error).split("\n", maxsplit=1)[0])


def _apply(batch: _Batch, key: Key, name: str, envelope: Envelope) -> None:
    model = EVENT_TYPES.get(envelope.type)
    if model is None:
        raise MessageRefused(f"Events of type {envelope.type} are newer than this township.")
    if EVENT_TOPICS[envelope.type] != name:
        raise MessageRefused(f"An event of type {envelope.type} came on {name}.")
    match _data(model, envelope):
        case IncidentEvent() as event:
            trusted = envelope.clocktrusted
            alerts.apply_incident(batch.connection, key, event, trusted=trusted, now=batch.now)
            batch.tell("incident", event.id)
        case EvidenceEvent() as event:
            thumbnail = _thumbnail(event)
            alerts.apply_evidence(batch.connection, key, event, thumbnail, now=batch.now)
            batch.tell("evidence", event.incident)
        case SpeakerEvent() as event:
            at = _seconds(envelope.time)
            receipts.apply_receipt(batch.connection, key, event, at=at, now=batch.now)
            batch.tell("play", event.announcement)
        case ExpiredEvent() as event:
            inbox.expire(
                batch.connection,
                Gap(
                    key.hub,
                    key.stream,
                    event.first_seq,
                    max(event.first_seq, event.last_seq),
                    "expired",
                    event.type[:80],
                    event.count,
                    batch.now,
                ),
            )
            batch.tell("hub", key.hub)


def _data(model: type[Message], envelope: Envelope) -> Message:
    try:
        return model.model_validate(envelope.data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "data"
        raise MessageRefused(f"{model.__name__}: {place}: {first['msg']}.") from error


def _compare(batch: _Batch, key: Key, envelope: Envelope) -> None:
    """The same number for another event means a copied memory card: never silently."""
    before = inbox.event_id_of(batch.connection, key)
    if before != envelope.id:
        sentence = (
            f"Row {key.seq} of hub {key.hub} came twice with different events; "
            "was its memory card copied?"
        )
        log.error("ingest clash hub=%s seq=%d", key.hub, key.seq)
        hubs.complain(batch.connection, key.hub, sentence)
        batch.tell("hub", key.hub)


def _flag(batch: _Batch, key: Key, problem: str) -> None:
    batch.counts.flagged += 1
    log.warning("ingest flagged hub=%s seq=%d problem=%r", key.hub, key.seq, problem)
    inbox.flag(batch.connection, key, problem[:500])
    hubs.complain(batch.connection, key.hub, problem)
    batch.tell("hub", key.hub)


def _state(batch: _Batch, hub: str, state: HubState) -> None:
    if hubs.apply_state(batch.connection, hub, state, now=batch.now):
        batch.tell("hub", hub)


def _birth(batch: _Batch, hub: str, birth: Birth) -> None:
    hubs.touch(batch.connection, hub, now=batch.now)
    hubs.apply_birth(batch.connection, hub, birth, now=batch.now)
    _look_for_gaps(batch, hub, birth.window)
    batch.tell("hub", hub)


def _heartbeat(batch: _Batch, hub: str, beat: HubHeartbeat) -> None:
    hubs.touch(batch.connection, hub, now=batch.now)
    hubs.apply_heartbeat(batch.connection, hub, beat, now=batch.now)
    _look_for_gaps(batch, hub, beat.window)
    batch.tell("hub", hub)


def _look_for_gaps(batch: _Batch, hub: str, window: Window) -> None:
    claim = Claim(hub, window.stream, window.oldest, window.next_seq, window.oldest_age_s)
    from_seq = inbox.check(batch.connection, claim, now=batch.now)
    if from_seq is not None:
        batch.resyncs.append(Resync(hub, window.stream, from_seq))


def _reply(batch: _Batch, hub: str, name: str, reply: Reply) -> None:
    if name != f"rsp/{reply.command}":
        raise MessageRefused(f"The answer to order {reply.command} came on {name}.")
    if not orders.apply_reply(batch.connection, hub, reply, now=batch.now):
        raise MessageRefused(f"Hub {hub} answered the order {reply.command}, which it never got.")
    batch.tell("play", reply.command)


def _thumbnail(event: EvidenceEvent) -> bytes:
    try:
        picture = base64.b64decode(event.thumbnail, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageRefused(f"The picture of incident {event.incident} is no base64.") from error
    if not picture.startswith(_JPEG) or len(picture) > MAX_THUMBNAIL_BYTES:
        raise MessageRefused(
            f"The picture of incident {event.incident} is no JPEG of at most 30 KB."
        )
    return picture


def _raw(envelope: Envelope, payload: bytes) -> str:
    """The message as it came; a picture is kept once, as evidence, not here again."""
    if envelope.type == "cn.village.evidence.v1" and "thumbnail" in envelope.data:
        slim = envelope.model_copy(update={"data": {**envelope.data, "thumbnail": ""}})
        return slim.to_bytes().decode()
    return payload.decode("utf-8", errors="replace")


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
