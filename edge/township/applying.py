"""What each kind of event does to the memory of the township, inside the ingest's transaction."""

from __future__ import annotations

import base64
import binascii
import logging

from pydantic import ValidationError

from edge.errors import MessageRefused
from edge.link.messages import (
    EVENT_TYPES,
    MAX_THUMBNAIL_BYTES,
    ClockEvent,
    DigestEvent,
    Envelope,
    EvidenceEvent,
    ExpiredEvent,
    IncidentEvent,
    Message,
    Reply,
    SpeakerEvent,
)
from edge.township.batch import Batch, Repair
from edge.township.store import alerts, digests, hubs, inbox, orders, origins, receipts
from edge.township.store.inbox import Key
from edge.township.store.records import Gap

log = logging.getLogger(__name__)

_JPEG = b"\xff\xd8\xff"


def apply_event(batch: Batch, key: Key, envelope: Envelope) -> None:
    """Apply one stored event.

    Raises:
        MessageRefused: Its type is newer than this program, or it is not what its type says.
    """
    match data_of(envelope):
        case IncidentEvent() as event:
            _apply_incident(batch, key, envelope, event)
            batch.tell("incident", event.id)
        case EvidenceEvent() as event:
            thumbnail = thumbnail_of(event)
            alerts.apply_evidence(batch.connection, key, event, thumbnail, now=batch.now)
            batch.tell("evidence", event.incident)
        case SpeakerEvent() as event:
            _apply_receipt(batch, key, envelope, event)
            batch.tell("play", event.announcement)
        case Reply() as event:
            if orders.apply_reply(batch.connection, key.hub, event, now=batch.now):
                batch.tell("play", event.command)
        case event:
            _apply_account(batch, key, event)


def _apply_account(batch: Batch, key: Key, event: Message) -> None:
    """What a hub says about its own rows and its clock."""
    match event:
        case ExpiredEvent():
            last = max(event.first_seq, event.last_seq)
            gap = Gap(
                *(key.hub, key.stream, event.first_seq, last),
                *("expired", event.type[:80], event.count, batch.now),
            )
            inbox.expire(batch.connection, gap, event.ranges)
            batch.tell("hub", key.hub)
        case DigestEvent():
            found = digests.apply_digest(batch.connection, key, event, now=batch.now)
            if not found.equal:
                _complain_of_difference(batch, key, event, found)
            batch.tell("hub", key.hub)
        case ClockEvent():
            origins.restamp(batch.connection, key.hub, event.bootid, event.offset_s, now=batch.now)
            batch.tell("incident")


def _apply_incident(batch: Batch, key: Key, envelope: Envelope, event: IncidentEvent) -> None:
    delta_s = origins.offset_of(batch.connection, key.hub, envelope)
    if delta_s is not None:
        event = origins.put_right(event, delta_s)
    origin = origins.origin_of(key, envelope, event.seen_at.timestamp())
    trusted = envelope.clocktrusted or delta_s is not None
    alerts.apply_incident(
        batch.connection,
        key,
        event,
        trusted=trusted,
        now=batch.now,
        deadlines=batch.deadlines,
        origin=origin,
    )


def _apply_receipt(batch: Batch, key: Key, envelope: Envelope, event: SpeakerEvent) -> None:
    delta_s = origins.offset_of(batch.connection, key.hub, envelope)
    at = envelope.time.timestamp() + (delta_s or 0.0)
    origin = origins.origin_of(key, envelope, envelope.time.timestamp())
    receipts.apply_receipt(
        batch.connection,
        key,
        event,
        at=at,
        now=batch.now,
        trusted=envelope.clocktrusted or delta_s is not None,
        origin={name: origin[name] for name in ("boot_id", "mono_s")},
    )


def _complain_of_difference(
    batch: Batch, key: Key, event: DigestEvent, found: digests.Finding
) -> None:
    log.warning(
        "ingest digest differs hub=%s day=%s theirs=%d ours=%d",
        *(key.hub, event.day, event.count, found.our_count),
    )
    sentence = (
        f"On {event.day} the hub {key.hub} sent {event.count} messages and {found.our_count} are "
        "here; the others are asked for again."
    )
    hubs.complain(batch.connection, key.hub, sentence, now=batch.now)
    if found.missing:
        batch.repairs.append(Repair(key.hub, key.stream, found.missing))


def data_of(envelope: Envelope) -> Message:
    """What is in an envelope.

    Raises:
        MessageRefused: Its type is newer than this program, or it is not what its type says.
    """
    model = EVENT_TYPES.get(envelope.type)
    if model is None:
        raise MessageRefused(f"Events of type {envelope.type} are newer than this township.")
    try:
        return model.model_validate(envelope.data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "data"
        raise MessageRefused(
            f"A message {model.__name__} is wrong at {place}: {first['msg']}."
        ) from error


def thumbnail_of(event: EvidenceEvent) -> bytes:
    """The picture of an event.

    Raises:
        MessageRefused: It is no base64, no JPEG, or too large.
    """
    try:
        picture = base64.b64decode(event.thumbnail, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageRefused(f"The picture of incident {event.incident} is no base64.") from error
    if not picture.startswith(_JPEG) or len(picture) > MAX_THUMBNAIL_BYTES:
        raise MessageRefused(
            f"The picture of incident {event.incident} is no JPEG of at most 30 KB."
        )
    return picture


def raw_of(envelope: Envelope, payload: bytes) -> str:
    """The message as it came; a picture is kept once, as evidence, not here again."""
    if envelope.type == "cn.village.evidence.v1" and "thumbnail" in envelope.data:
        slim = envelope.model_copy(update={"data": {**envelope.data, "thumbnail": ""}})
        return slim.to_bytes().decode()
    return payload.decode("utf-8", errors="replace")
