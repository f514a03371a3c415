"""The plain part of a batch, stored by table instead of by message; the rest is left over.

Nearly everything that arrives is a revision of an incident with a believed clock, or a picture.
Those go in with a dozen statements for the whole batch. Whatever is out of the ordinary
(unreadable, a clock in doubt, a number that came with another event, a receipt) is given back and
taken one by one, with the same result.

Locks are taken table by table and in the order of the keys, so that workers on one database wait
for each other but never in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from edge.errors import MessageRefused
from edge.link.messages import Envelope, EvidenceEvent, IncidentEvent
from edge.link.township import Received, Stored
from edge.township.applying import data_of, raw_of, thumbnail_of
from edge.township.batch import Batch
from edge.township.cases.deadlines import Deadlines
from edge.township.store import alerts, cases, inbox, many, origins
from edge.township.store.inbox import Key
from edge.township.store.joining import attach_many, end_many, hold_many


@dataclass(frozen=True, slots=True)
class Plain:
    """A message that needs no thought.

    Attributes:
        thumbnail: The JPEG of an `EvidenceEvent`, else empty.
    """

    key: Key
    received: Received
    envelope: Envelope
    event: IncidentEvent | EvidenceEvent
    thumbnail: bytes = b""


def sort_out(received: Iterable[Received]) -> tuple[list[Plain], list[Received]]:
    """Split a batch into what is plain and the rest, each in the order of hubs and numbers."""
    plain: dict[Key, Plain] = {}
    rest: list[Received] = []
    for one in sorted(received, key=_order):
        made = _plain(one)
        if made is None or made.key in plain:
            rest.append(one)
            continue
        plain[made.key] = made
    return list(plain.values()), rest


def store_plain(batch: Batch, plain: Sequence[Plain]) -> list[Received]:
    """Store what is plain; gives back those whose number came before with another event.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: Nothing was stored; the messages must go one by one.
    """
    connection = batch.connection
    fresh = many.keep(connection, [_inbox_row(batch, one) for one in plain])
    known = many.event_ids(connection, [one.key for one in plain if one.key not in fresh])
    clashing = [
        one for one in plain if one.key not in fresh and known.get(one.key) != one.envelope.id
    ]
    new = [one for one in plain if one.key in fresh]
    for hub in many.hubs_with_holes(connection, {one.key.hub for one in new}):
        for one in new:
            if one.key.hub == hub:
                inbox.fill(connection, one.key)
    _store_incidents(batch, [one for one in new if isinstance(one.event, IncidentEvent)])
    _store_pictures(batch, [one for one in new if isinstance(one.event, EvidenceEvent)])
    batch.spoke |= {one.key.hub for one in plain}
    batch.counts.stored += len(new)
    batch.counts.duplicates += len(plain) - len(new) - len(clashing)
    batch.kept += [Stored(one.key.hub, one.key.stream, one.key.seq) for one in plain]
    return [one.received for one in clashing]


def _store_incidents(batch: Batch, found: Sequence[Plain]) -> None:
    if not found:
        return
    connection, now = batch.connection, batch.now
    rows = [_alert_row(one, now) for one in found]
    first: dict[tuple[str, str], int] = {}
    for place, row in enumerate(rows):
        first.setdefault((row["hub"], row["id"]), place)
    begun = many.begin_alerts(connection, [rows[first[name]] for name in sorted(first)])
    fresh = {first[name] for name in begun}
    later = [place for place in range(len(rows)) if place not in fresh]
    many.renew_alerts(connection, [rows[place] for place in later])
    arrivals = [
        cases.Arrival(found[place].key.hub, _incident(found[place]), True, now, _targets(batch))
        for place in sorted(fresh)
    ]
    ended = [
        (rows[place]["hub"], rows[place]["id"])
        for place in later
        if rows[place]["phase"] == "closed"
    ]
    hold_many(connection, ended, [one.key for one in arrivals])
    attach_many(connection, arrivals)
    end_many(connection, ended)
    lines = [_line(one, row) for one, row in zip(found, rows, strict=True)]
    many.write_events(connection, lines)
    for one in found:
        batch.tell("incident", _incident(one).id)


def _targets(batch: Batch) -> Deadlines:
    return batch.deadlines or Deadlines()


def _store_pictures(batch: Batch, found: Sequence[Plain]) -> None:
    pictures = [
        (one.key, one.event, one.thumbnail) for one in found if isinstance(one.event, EvidenceEvent)
    ]
    many.keep_pictures(batch.connection, pictures, now=batch.now)
    for _, event, _ in pictures:
        batch.tell("evidence", event.incident)


def _plain(received: Received) -> Plain | None:
    envelope, hub = received.envelope, received.hub
    if envelope is None or received.problem or envelope.hub != hub:
        return None
    key = Key(hub, envelope.stream, envelope.seq)
    try:
        match data_of(envelope):
            case IncidentEvent() as event if envelope.clocktrusted:
                return Plain(key, received, envelope, event)
            case EvidenceEvent() as event:
                return Plain(key, received, envelope, event, thumbnail_of(event))
    except MessageRefused:
        pass  # the single way keeps it raw and says what is wrong
    return None


def _inbox_row(batch: Batch, one: Plain) -> dict[str, Any]:
    return {
        "hub": one.key.hub,
        "stream": one.key.stream,
        "seq": one.key.seq,
        "event_id": one.envelope.id,
        "type": one.envelope.type,
        "raw": raw_of(one.envelope, one.received.raw),
        "received_at": batch.now,
        "stored_at": batch.now,
    }


def _alert_row(one: Plain, now: float) -> dict[str, Any]:
    event = _incident(one)
    origin = origins.origin_of(one.key, one.envelope, event.seen_at.timestamp())
    return alerts.first_row(
        one.key.hub, event.id, alerts.values_of(event, trusted=True) | origin, now=now
    )


def _line(one: Plain, row: dict[str, Any]) -> dict[str, Any]:
    event = _incident(one)
    return row | {
        "incident": event.id,
        "what": event.phase,
        "at": row["seen_at"],
        "data": event.model_dump_json(exclude_none=True),
    }


def _incident(one: Plain) -> IncidentEvent:
    return cast("IncidentEvent", one.event)


def _order(received: Received) -> tuple[str, str, int]:
    envelope = received.envelope
    return (received.hub, envelope.stream, envelope.seq) if envelope else (received.hub, "", 0)
