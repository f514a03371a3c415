"""The duty roster and the notes from shift to shift."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from edge.township.duty import Shift, next_on_duty, on_duty
from edge.township.store.place_tables import hub_places, shifts
from edge.township.store.portable import changed
from edge.township.store.sight import EVERYTHING, Sight


def shifts_between(
    connection: sa.Connection, start: float, end: float, sight: Sight = EVERYTHING
) -> list[Shift]:
    """Turns that touch this time, earliest first; a restricted sight has the township's, too."""
    query = (
        sa.select(shifts)
        .where(shifts.c.starts_at < end, shifts.c.ends_at > start)
        .where(sight.of_village(shifts.c.village) | (shifts.c.village == ""))
        .order_by(shifts.c.starts_at, shifts.c.village, shifts.c.rank)
        .limit(5000)
    )
    return [_shift(row) for row in connection.execute(query)]


def on_duty_for(connection: sa.Connection, hub: str, *, now: float) -> list[Shift]:
    """Whom to call for an alert of this hub, in order of escalation."""
    return on_duty(_now(connection, now), village=village_of(connection, hub), now=now)


def next_for(
    connection: sa.Connection, hub: str, *, now: float, tried: Iterable[str] = ()
) -> Shift | None:
    """The next person to call for an alert of this hub; None when nobody is left."""
    village = village_of(connection, hub)
    return next_on_duty(_now(connection, now), village=village, now=now, tried=tried)


def village_of(connection: sa.Connection, hub: str) -> str:
    """Code of the village a hub stands in; empty while nobody said."""
    found = connection.scalar(sa.select(hub_places.c.village).where(hub_places.c.hub == hub))
    return str(found or "")


def one_shift(connection: sa.Connection, like: Shift) -> Shift | None:
    """The turn with the same village, beginning and rank."""
    row = connection.execute(sa.select(shifts).where(*_is(like))).first()
    return _shift(row) if row else None


def put_shift(connection: sa.Connection, shift: Shift) -> bool:
    """Add a turn, or give it to somebody else; True if there was none with this key."""
    values = {
        "ends_at": shift.ends_at,
        "person": shift.person,
        "phone": shift.phone,
        "note": shift.note,
    }
    update = shifts.update().where(*_is(shift)).values(**values)
    if changed(connection, update):
        return False
    whole = {"village": shift.village, "starts_at": shift.starts_at, "rank": shift.rank} | values
    connection.execute(shifts.insert().values(**whole))
    return True


def remove_shift(connection: sa.Connection, village: str, starts_at: float, rank: int) -> bool:
    """Take a turn out; False if there was none."""
    gone = Shift(village, starts_at, starts_at, rank, "")
    return changed(connection, shifts.delete().where(*_is(gone))) == 1


def _now(connection: sa.Connection, now: float) -> list[Shift]:
    return shifts_between(connection, now, now + 1e-3)


def _is(shift: Shift) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        shifts.c.village == shift.village,
        shifts.c.starts_at == shift.starts_at,
        shifts.c.rank == shift.rank,
    )


def _shift(row: Any) -> Shift:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's own name for it
    return Shift(**{name: values[name] for name in Shift.__dataclass_fields__})
