"""Pictures that were asked for, and how far each has come."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from edge.township.store.portable import changed
from edge.township.store.tables import evidence, transfers

OPEN = ("requested", "underway")


@dataclass(frozen=True, slots=True)
class Transfer:
    """One picture on its way.

    Attributes:
        id: Of the order that allowed it.
        state: `requested`, `underway`, `stored` or `failed`.
        size, received: In bytes; 0 before the first piece came.
        sentence: Why it failed.
    """

    id: str
    hub: str
    incident: str
    sha256: str
    kind: str
    media_type: str
    size: int
    received: int
    state: str
    sentence: str
    requested_by: str
    requested_at: float
    changed_at: float


_SHOWN = [transfers.c[name] for name in Transfer.__dataclass_fields__]


def begin(connection: sa.Connection, transfer: Transfer) -> None:
    """Write down that a picture was asked for."""
    values = {name: getattr(transfer, name) for name in Transfer.__dataclass_fields__}
    connection.execute(transfers.insert().values(**values))


def advance(
    connection: sa.Connection, transfer: str, *, size: int, received: int, now: float
) -> None:
    """A piece came."""
    connection.execute(
        transfers.update()
        .where(transfers.c.id == transfer, transfers.c.state.in_(OPEN))
        .values(size=size, received=received, state="underway", changed_at=now)
    )


def name(connection: sa.Connection, transfer: str, sha256: str) -> None:
    """The first piece of a clip said what its hash is."""
    connection.execute(
        transfers.update()
        .where(transfers.c.id == transfer, transfers.c.sha256 == "")
        .values(sha256=sha256)
    )


def end(connection: sa.Connection, transfer: str, state: str, sentence: str, *, now: float) -> bool:
    """It is here, or cannot be had; False if that was known."""
    statement = (
        transfers.update()
        .where(transfers.c.id == transfer, transfers.c.state.in_(OPEN))
        .values(state=state, sentence=sentence, changed_at=now)
    )
    return changed(connection, statement) == 1


def one_transfer(connection: sa.Connection, transfer: str) -> Transfer | None:
    row = connection.execute(sa.select(*_SHOWN).where(transfers.c.id == transfer)).mappings()
    found = row.first()
    return Transfer(**found) if found else None


def open_transfers(connection: sa.Connection) -> list[Transfer]:
    """What is still on its way, oldest first."""
    query = sa.select(*_SHOWN).where(transfers.c.state.in_(OPEN))
    query = query.order_by(transfers.c.requested_at).limit(100)
    return [Transfer(**row) for row in connection.execute(query).mappings()]


def transfers_of(connection: sa.Connection, hub: str, incident: str) -> list[Transfer]:
    """Of one incident, newest first."""
    query = (
        sa.select(*_SHOWN)
        .where(transfers.c.hub == hub, transfers.c.incident == incident)
        .order_by(transfers.c.requested_at.desc())
    )
    return [Transfer(**row) for row in connection.execute(query).mappings()]


def is_known_picture(connection: sa.Connection, hub: str, incident: str, sha256: str) -> bool:
    """Whether a thumbnail of this picture came with this incident."""
    query = sa.select(evidence.c.sha256).where(
        evidence.c.hub == hub, evidence.c.incident == incident, evidence.c.sha256 == sha256
    )
    return connection.execute(query).first() is not None
