"""Villages, grids and cameras: kept by their codes, so that a list may be sent in again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from edge.township.places.records import Grid, PlacedCamera, Village
from edge.township.store.database import Database
from edge.township.store.place_tables import cameras, grids, hub_places, townships, villages
from edge.township.store.sight import EVERYTHING, Sight


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows were not there before, were there otherwise, or were there just so."""

    new: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class Known:
    """What a list is judged against.

    Attributes:
        villages: Code to name.
        grids: Code to the village's code.
        channels: (hub, channel) to the code of the camera that has it.
        hubs: Hub to the code of its village.
    """

    villages: Mapping[str, str]
    grids: Mapping[str, str]
    channels: Mapping[tuple[str, str], str]
    hubs: Mapping[str, str]


class Places:
    """Reads for pages and maps, and what lists write. Errors are `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def villages(self, sight: Sight = EVERYTHING) -> list[Village]:
        """By code."""
        query = (
            sa.select(villages, townships.c.name.label("township_name"))
            .join(townships, townships.c.code == villages.c.township)
            .where(sight.of_village(villages.c.code))
            .order_by(villages.c.code)
        )
        with self._database.read() as connection:
            hubs: dict[str, list[str]] = {}
            for row in connection.execute(sa.select(hub_places).order_by(hub_places.c.hub)):
                hubs.setdefault(row.village, []).append(row.hub)
            return [
                Village(**row, hubs=tuple(hubs.get(row["code"], ())))
                for row in connection.execute(query).mappings()
            ]

    def grids(self, sight: Sight = EVERYTHING) -> list[Grid]:
        """By code."""
        query = sa.select(grids).where(sight.of_village(grids.c.village)).order_by(grids.c.code)
        with self._database.read() as connection:
            return [Grid(**row) for row in connection.execute(query).mappings()]

    def cameras(
        self, sight: Sight = EVERYTHING, *, village: str = "", after: str = "", limit: int = 20_000
    ) -> list[PlacedCamera]:
        """By code.

        Args:
            sight: Which may be seen.
            village: Only of this one.
            after: Only those behind this code, for paging.
            limit: Most.
        """
        query = (
            sa.select(cameras)
            .where(sight.of_village(cameras.c.village), cameras.c.code > after)
            .order_by(cameras.c.code)
            .limit(limit)
        )
        if village:
            query = query.where(cameras.c.village == village)
        if sight.cameras is not None:
            query = query.where(cameras.c.channel.in_(sorted(sight.cameras)))
        with self._database.read() as connection:
            return [PlacedCamera(**row) for row in connection.execute(query).mappings()]

    def camera_counts(self, sight: Sight = EVERYTHING) -> dict[str, int]:
        """How many cameras each village has."""
        query = (
            sa.select(cameras.c.village, sa.func.count())
            .where(sight.of_village(cameras.c.village))
            .group_by(cameras.c.village)
        )
        with self._database.read() as connection:
            return {village: int(count) for village, count in connection.execute(query)}

    def known(self) -> Known:
        """Everything a list is judged against."""
        with self._database.read() as connection:

            def pairs(*columns: sa.ColumnElement[str]) -> dict[str, str]:
                return {row[0]: row[1] for row in connection.execute(sa.select(*columns))}

            channels = sa.select(cameras.c.hub, cameras.c.channel, cameras.c.code).where(
                cameras.c.hub != ""
            )
            return Known(
                pairs(villages.c.code, villages.c.name),
                pairs(grids.c.code, grids.c.village),
                {(row[0], row[1]): row[2] for row in connection.execute(channels)},
                pairs(hub_places.c.hub, hub_places.c.village),
            )

    def put_villages(self, rows: Sequence[Village]) -> Outcome:
        """Add or replace, with their townships and boxes; all rows or none.

        A village that names no box keeps the boxes it has.
        """
        with self._database.write() as connection:
            names = {row.township: row.township_name for row in rows}
            _put(connection, townships, [{"code": c, "name": n} for c, n in names.items()])
            before = _boxes(connection)
            outcome = _put(
                connection,
                villages,
                [
                    {
                        "code": row.code,
                        "name": row.name,
                        "township": row.township,
                        "lon": row.lon,
                        "lat": row.lat,
                    }
                    for row in rows
                ],
            )
            boxes = {hub: row.code for row in rows for hub in row.hubs}
            _put(connection, hub_places, [{"hub": h, "village": v} for h, v in boxes.items()])
            moved = {boxes[hub] for hub in boxes if before.get(hub) != boxes[hub]}
            extra = min(len(moved), outcome.same)
            return Outcome(outcome.new, outcome.changed + extra, outcome.same - extra)

    def put_grids(self, rows: Sequence[Grid]) -> Outcome:
        """Add or replace; all rows or none."""
        with self._database.write() as connection:
            return _put(connection, grids, [asdict(row) for row in rows])

    def put_cameras(self, rows: Sequence[PlacedCamera]) -> Outcome:
        """Add or replace; all rows or none."""
        with self._database.write() as connection:
            return _put(connection, cameras, [asdict(row) for row in rows])

    def put_hub(self, hub: str, village: str) -> None:
        """Say in which village a box stands.

        Raises:
            StoreError: The village is not known.
        """
        with self._database.write() as connection:
            _put(connection, hub_places, [{"hub": hub, "village": village}])

    def remove_camera(self, code: str) -> None:
        with self._database.write() as connection:
            connection.execute(cameras.delete().where(cameras.c.code == code))


def place_box(connection: sa.Connection, hub: str, village: str) -> bool:
    """Put a box into the village it was enrolled for, by its code or its name.

    Returns:
        False where no village, or more than one, is called so: the list of villages decides then.
    """
    found = connection.execute(
        sa.select(villages.c.code).where(
            sa.or_(villages.c.code == village, villages.c.name == village)
        )
    ).all()
    if len(found) != 1:
        return False
    connection.execute(hub_places.delete().where(hub_places.c.hub == hub))
    connection.execute(hub_places.insert().values(hub=hub, village=found[0].code))
    return True


def _boxes(connection: sa.Connection) -> dict[str, str]:
    return {row.hub: row.village for row in connection.execute(sa.select(hub_places))}


def _put(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> Outcome:
    """Insert what is new and update what differs, each in one statement for all."""
    [key] = table.primary_key.columns
    before = {row[key.name]: dict(row) for row in connection.execute(sa.select(table)).mappings()}
    wanted = {row[key.name]: row for row in rows}
    new = [row for code, row in wanted.items() if code not in before]
    other = [row for code, row in wanted.items() if code in before and before[code] != row]
    if new:
        connection.execute(table.insert(), new)
    if other:
        names = [column.name for column in table.columns if column.name != key.name]
        update = (
            table.update()
            .where(key == sa.bindparam("_key"))
            .values({name: sa.bindparam(f"_{name}") for name in names})
        )
        connection.execute(update, [{f"_{name}": row[name] for name in names}
                                    | {"_key": row[key.name]} for row in other])  # fmt: skip
    return Outcome(len(new), len(other), len(wanted) - len(new) - len(other))
