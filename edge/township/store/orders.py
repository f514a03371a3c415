"""Orders to hubs: kept before they are sent, and moved forward only."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from edge.link.messages import Reply
from edge.township.store.portable import changed
from edge.township.store.records import Order
from edge.township.store.sight import EVERYTHING, Sight
from edge.township.store.tables import commands

_OPEN = ("queued", "sent", "accepted")
_FINAL = {"done", "refused", "expired", "failed"}


def put_order(connection: sa.Connection, order: Order) -> None:
    values = {name: getattr(order, name) for name in Order.__dataclass_fields__}
    connection.execute(commands.insert().values(**values))


def mark_sent(connection: sa.Connection, order: str) -> None:
    """It left this house; an answer that was faster stays."""
    connection.execute(
        commands.update()
        .where(commands.c.id == order, commands.c.state == "queued")
        .values(state="sent")
    )


def apply_reply(connection: sa.Connection, hub: str, reply: Reply, *, now: float) -> bool:
    """Take over a hub's answer; False when it answers no order of ours to that hub."""
    final = reply.outcome in _FINAL
    before: sa.ColumnElement[bool] = commands.c.state.in_(_OPEN if final else ("queued", "sent"))
    # That nobody answered was our own guess; an answer that comes late is the truth.
    before = before | ((commands.c.state == "expired") & commands.c.answered_at.is_(None))
    values: dict[str, Any] = {"state": reply.outcome, "sentence": reply.sentence}
    values["answered_at"] = sa.func.coalesce(commands.c.answered_at, now)
    values["ended_at"] = now if final else None
    mine = (commands.c.id == reply.command) & (commands.c.hub == hub)
    changed(connection, commands.update().where(mine, before).values(**values))
    return connection.scalar(sa.select(commands.c.id).where(mine)) is not None


def expire_orders(connection: sa.Connection, *, now: float, grace_s: float, sentence: str) -> int:
    """End the orders that nobody answered in time."""
    return changed(
        connection,
        commands.update()
        .where(commands.c.state.in_(("queued", "sent")), commands.c.expires_at < now - grace_s)
        .values(state="expired", sentence=sentence, ended_at=now),
    )


def waiting_orders(connection: sa.Connection, *, now: float) -> list[Order]:
    """What nobody has answered yet and is not late, oldest first."""
    query = (
        sa.select(commands)
        .where(commands.c.state.in_(("queued", "sent")), commands.c.expires_at > now)
        # Feedback waits for days where a box is away; it never stands before an order to speak.
        .order_by(commands.c.name == "feedback", commands.c.issued_at)
        .limit(100)
    )
    return [Order(**row) for row in connection.execute(query).mappings()]


def newest_orders(connection: sa.Connection, limit: int, sight: Sight = EVERYTHING) -> list[Order]:
    """Orders of people, newest first; the house's own housekeeping is not among them."""
    query = (
        sa.select(commands)
        .where(commands.c.name.not_in(("resync", "repair", "feedback")))
        .where(sight.of_hub(commands.c.hub))
        .order_by(commands.c.issued_at.desc())
        .limit(limit)
    )
    return [Order(**row) for row in connection.execute(query).mappings()]


def one_order(connection: sa.Connection, order: str) -> Order | None:
    row = connection.execute(sa.select(commands).where(commands.c.id == order)).mappings().first()
    return Order(**row) if row else None
