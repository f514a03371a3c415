"""Where a record came from, and its real time once the clock of its boot is known."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from edge.link.messages import Envelope, IncidentEvent
from edge.township.store.inbox import Key
from edge.township.store.portable import changed, insert_new
from edge.township.store.tables import alerts, boots, events, receipts


def origin_of(key: Key, envelope: Envelope, at_s: float) -> dict[str, Any]:
    """The columns that say which row of which boot a record is.

    Args:
        key: Of the row.
        envelope: What it came in.
        at_s: A moment of the record, by the wall clock of the hub; its monotonic time is kept.
    """
    offset_s = envelope.time.timestamp() - envelope.monoms / 1000
    return {
        "stream": key.stream,
        "seq": key.seq,
        "boot_id": envelope.bootid[:64],
        "mono_s": at_s - offset_s,
    }


def offset_of(connection: sa.Connection, hub: str, envelope: Envelope) -> float | None:
    """Seconds to add to the times of an envelope that its hub did not believe itself.

    None while the clock of that boot is not known, or when it was believed anyway.
    """
    if envelope.clocktrusted:
        return None
    known = connection.scalar(
        sa.select(boots.c.offset_s).where(boots.c.hub == hub, boots.c.boot_id == envelope.bootid)
    )
    if known is None:
        return None
    return float(known) - (envelope.time.timestamp() - envelope.monoms / 1000)


def put_right(event: IncidentEvent, delta_s: float) -> IncidentEvent:
    """The same incident with its times moved."""

    def moved(moment: Any) -> Any:
        return type(moment).fromtimestamp(moment.timestamp() + delta_s, tz=moment.tzinfo)

    return event.model_copy(
        update={
            "opened_at": moved(event.opened_at),
            "seen_at": moved(event.seen_at),
            "closed_at": moved(event.closed_at) if event.closed_at else None,
        }
    )


def restamp(
    connection: sa.Connection, hub: str, boot_id: str, offset_s: float, *, now: float
) -> int:
    """Give everything stored of a boot its real time; returns how many records changed."""
    one = {"hub": hub, "boot_id": boot_id}
    if not insert_new(connection, boots, {**one, "offset_s": offset_s, "told_at": now}):
        connection.execute(
            boots.update()
            .where(boots.c.hub == hub, boots.c.boot_id == boot_id)
            .values(offset_s=offset_s, told_at=now)
        )
    delta = alerts.c.mono_s + offset_s - alerts.c.seen_at
    total = changed(
        connection,
        alerts.update()
        .where(*_of(alerts, hub, boot_id))
        .values(
            opened_at=alerts.c.opened_at + delta,
            closed_at=alerts.c.closed_at + delta,
            seen_at=alerts.c.mono_s + offset_s,
            clock_trusted=True,
        ),
    )
    for table in (events, receipts):
        total += changed(
            connection,
            table.update()
            .where(*_of(table, hub, boot_id))
            .values(at=table.c.mono_s + offset_s, clock_trusted=True),
        )
    return total


def _of(table: sa.Table, hub: str, boot_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.hub == hub,
        table.c.boot_id == boot_id,
        table.c.clock_trusted == sa.false(),
    )
