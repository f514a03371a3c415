"""Receipts: what became of an announcement on each loudspeaker, the newest state of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from edge.link.messages import SpeakerEvent
from edge.township.store.inbox import Key
from edge.township.store.portable import changed, insert_new
from edge.township.store.records import Receipt
from edge.township.store.sight import EVERYTHING, Sight
from edge.township.store.tables import receipts

_COPIED = ["state", "text", "seconds", "reason", "proof", "drill"]
_SHOWN = [receipts.c[name] for name in Receipt.__dataclass_fields__]


def apply_receipt(
    connection: sa.Connection,
    key: Key,
    event: SpeakerEvent,
    *,
    at: float,
    now: float,
    trusted: bool = True,
    origin: Mapping[str, Any] | None = None,
) -> None:
    """Take over a receipt unless a later row of the same hub is here already.

    `origin` names the boot it came from, `trusted` whether that boot knew the time.
    """
    one = {"hub": key.hub, "announcement": event.announcement, "speaker": event.speaker}
    values: dict[str, Any] = {name: getattr(event, name) for name in _COPIED}
    values |= {
        "incident": event.incident or "",
        "command": event.command or "",
        "stream": key.stream,
        "seq": key.seq,
        "at": at,
        "stored_at": now,
        "clock_trusted": trusted,
        **(origin or {}),
    }
    if insert_new(connection, receipts, one | values):
        return
    # A restarted outbox counts from one again, so a higher stream wins a tie by name alone.
    newer = (receipts.c.stream == key.stream) & (receipts.c.seq < key.seq)
    newer = newer | (receipts.c.stream < key.stream)
    same = [receipts.c[name] == value for name, value in one.items()]
    changed(connection, receipts.update().where(*same, newer).values(**values))


def receipts_of_incident(connection: sa.Connection, hub: str, incident: str) -> list[Receipt]:
    return _all(connection, receipts.c.hub == hub, receipts.c.incident == incident)


def receipts_of_order(connection: sa.Connection, hub: str, command: str) -> list[Receipt]:
    return _all(connection, receipts.c.hub == hub, receipts.c.command == command)


def newest_receipts(
    connection: sa.Connection, limit: int, sight: Sight = EVERYTHING
) -> list[Receipt]:
    return _all(connection, sight.of_hub(receipts.c.hub), limit=limit)


def receipts_of_incidents(connection: sa.Connection, incidents: list[str]) -> list[Receipt]:
    """Receipts of many alerts at once, newest first."""
    return _all(connection, receipts.c.incident.in_(incidents), limit=1000)


def _all(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int = 200
) -> list[Receipt]:
    query = (
        sa.select(*_SHOWN)
        .where(*conditions)
        .order_by(receipts.c.stored_at.desc(), receipts.c.announcement, receipts.c.speaker)
        .limit(limit)
    )
    return [Receipt(**row) for row in connection.execute(query).mappings()]
