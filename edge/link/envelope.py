"""Putting an event of the outbox into its envelope, and refusing what is too large for its lane."""

from __future__ import annotations

import json

from edge.errors import MessageRefused
from edge.link import topics
from edge.link.messages import (
    EVENT_TOPICS,
    EVENT_TYPES,
    MAX_ALERT_BYTES,
    MAX_MESSAGE_BYTES,
    Envelope,
    IncidentEvent,
    Message,
    read,
)
from edge.link.outbox import Row


def event_bytes(event: Message) -> bytes:
    """The data of an outbox entry; whoever makes an event calls this before he stores it.

    Raises:
        MessageRefused: An alert is larger than 1 KB, so it could not go first.
    """
    data = event.to_bytes()
    if isinstance(event, IncidentEvent) and len(data) > MAX_ALERT_BYTES:
        raise MessageRefused(
            f"The alert of incident {event.id} has {len(data)} bytes; at most {MAX_ALERT_BYTES} "
            "may travel. Shorten its names."
        )
    return data


def seal(row: Row, *, township: str, hub: str, stream: str) -> tuple[str, bytes]:
    """Topic and payload of a row.

    Raises:
        MessageRefused: Its type is unknown, its data is no JSON object, or it is too large.
    """
    name = EVENT_TOPICS.get(row.entry.type)
    if name is None:
        raise MessageRefused(f"Event {row.entry.id} is of the unknown type {row.entry.type!r}.")
    try:
        data = json.loads(row.entry.data)
        envelope = Envelope(
            id=row.entry.id,
            source=f"/t/{township}/h/{hub}",
            type=row.entry.type,
            time=row.created.utc,
            stream=stream,
            seq=row.seq,
            bootid=row.created.boot_id,
            monoms=int(row.created.mono_s * 1000),
            clocktrusted=row.created.trusted,
            data=data,
        )
    except ValueError as error:
        raise MessageRefused(f"Event {row.entry.id} cannot be sent: {error}.") from error
    payload = envelope.to_bytes()
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MessageRefused(f"Event {row.entry.id} has {len(payload)} bytes; 64 KB may travel.")
    return topics.from_hub(hub, name), payload


def event_of(envelope: Envelope) -> Message | None:
    """What is in an envelope; None when its type or major version is not known here.

    Raises:
        MessageRefused: It is not what its type says; the sentence names the field.
    """
    model = EVENT_TYPES.get(envelope.type)
    if model is None:
        return None
    return read(model, json.dumps(envelope.data).encode())
