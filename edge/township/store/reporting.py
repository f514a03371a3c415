"""What reports are counted from: incidents, cases, playouts and hourly samples of a span."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from edge.township.rates import CameraFact
from edge.township.store.columns import Whole
from edge.township.store.database import Database
from edge.township.store.outside_tables import fleet_samples
from edge.township.store.place_tables import cameras, hub_places, villages
from edge.township.store.portable import insert_new
from edge.township.store.sight import EVERYTHING, Sight
from edge.township.store.tables import alerts, cases, receipts

HOUR_S = 3600
DAY_S = 86_400.0
BATCH = 2000


@dataclass(frozen=True, slots=True)
class IncidentFact:
    """One incident as it counts; `at` is when it happened, or came if its clock was in doubt."""

    hub: str
    village: str
    grid: str
    kind: str
    severity: str
    at: float


@dataclass(frozen=True, slots=True)
class CaseFact:
    """One case as it counts."""

    hub: str
    kind: str
    severity: str
    state: str
    first_at: float
    accepted_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class PlayFact:
    """Playings of one loudspeaker state in one village."""

    hub: str
    state: str
    warning: bool
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SampleFact:
    """Cameras of a hub, summed over the hourly samples of a span."""

    hub: str
    samples: int
    networked: int
    online: int
    sized: int
    hd: int


class Reporting:
    """Reads for reports; drills are left out everywhere. Errors are `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def incidents(
        self, start: float, end: float, sight: Sight = EVERYTHING
    ) -> Iterator[IncidentFact]:
        """Those that happened from `start` until before `end` (Unix seconds)."""
        happened = sa.case((alerts.c.clock_trusted, alerts.c.opened_at), else_=alerts.c.stored_at)
        names = ("hub", "village", "grid", "kind", "severity")
        query = sa.select(*(alerts.c[name] for name in names), happened.label("at")).where(
            # Nothing is stored before it happens; this bound lets the index of `stored_at` help.
            alerts.c.stored_at >= start - DAY_S,
            happened >= start,
            happened < end,
            ~alerts.c.drill,
            sight.of_camera(alerts.c.hub, alerts.c.camera),
        )
        return (IncidentFact(*row) for row in self._walk(query))

    def cases(self, start: float, end: float, sight: Sight = EVERYTHING) -> Iterator[CaseFact]:
        """Those that began from `start` until before `end`."""
        names = CaseFact.__dataclass_fields__
        query = sa.select(*(cases.c[name] for name in names)).where(
            cases.c.first_at >= start,
            cases.c.first_at < end,
            ~cases.c.drill,
            sight.of_camera(cases.c.hub, cases.c.camera),
        )
        return (CaseFact(*row) for row in self._walk(query))

    def plays(self, start: float, end: float, sight: Sight = EVERYTHING) -> list[PlayFact]:
        """What loudspeakers did, by hub, state, and whether it was a warning for an incident."""
        warning = receipts.c.incident != ""
        groups = receipts.c.hub, receipts.c.state, warning
        query = (
            sa.select(*groups, sa.func.count(), sa.func.sum(receipts.c.seconds))
            .where(
                receipts.c.at >= start,
                receipts.c.at < end,
                ~receipts.c.drill,
                sight.of_hub(receipts.c.hub),
            )
            .group_by(*groups)
        )
        with self._database.read() as connection:
            return [
                PlayFact(hub, state, bool(warned), int(count), float(seconds or 0.0))
                for hub, state, warned, count, seconds in connection.execute(query)
            ]

    def samples(self, start: float, end: float, sight: Sight = EVERYTHING) -> list[SampleFact]:
        """The hourly samples of each hub, summed."""
        c = fleet_samples.c
        sums = (sa.cast(sa.func.sum(one), Whole) for one in (c.networked, c.online, c.sized, c.hd))
        query = (
            sa.select(c.hub, sa.func.count(), *sums)
            .where(c.hour >= int(start // HOUR_S), c.hour < int(end // HOUR_S))
            .where(sight.of_hub(c.hub))
            .group_by(c.hub)
        )
        with self._database.read() as connection:
            return [SampleFact(row[0], *map(int, row[1:])) for row in connection.execute(query)]

    def sample(self, facts: Iterable[CameraFact], *, now: float) -> int:
        """Keep how the cameras are at this moment, once an hour; returns how many hubs are new."""
        counts: dict[str, dict[str, Any]] = {}
        for one in facts:
            row = counts.setdefault(
                one.hub,
                {"village": one.village, "grid": one.grid}
                | dict.fromkeys(("networked", "online", "sized", "hd"), 0),
            )
            row["networked"] += one.networked
            row["online"] += one.online
            row["sized"] += one.hd is not None
            row["hd"] += one.hd is True
        hour = int(now // HOUR_S)
        with self._database.write() as connection:
            return sum(
                insert_new(connection, fleet_samples, {"hour": hour, "hub": hub} | row)
                for hub, row in counts.items()
            )

    def forget_samples(self, *, before: float) -> None:
        with self._database.write() as connection:
            old = fleet_samples.c.hour < int(before // HOUR_S)
            connection.execute(fleet_samples.delete().where(old))

    def village_names(self) -> dict[str, str]:
        """Name of the village each placed box stands in."""
        query = (
            sa.select(hub_places.c.hub, villages.c.name)
            .select_from(hub_places)
            .join(villages, villages.c.code == hub_places.c.village)
        )
        with self._database.read() as connection:
            return {row.hub: row.name for row in connection.execute(query)}

    def built(self, sight: Sight = EVERYTHING) -> dict[str, int]:
        """How many cameras were built, by the name of the village, as the list of cameras says."""
        query = (
            sa.select(villages.c.name, sa.func.count())
            .select_from(cameras)
            .join(villages, villages.c.code == cameras.c.village)
            .where(sight.of_village(cameras.c.village))
            .group_by(villages.c.name)
        )
        with self._database.read() as connection:
            return {name: int(count) for name, count in connection.execute(query)}

    def first_at(self) -> float | None:
        """When the first incident was stored; before that there is nothing to report."""
        with self._database.read() as connection:
            found = connection.scalar(sa.select(sa.func.min(alerts.c.stored_at)))
        return None if found is None else float(found)

    def _walk(self, query: sa.Select[Any]) -> Iterator[Any]:
        with self._database.read() as connection:
            rows = connection.execution_options(yield_per=BATCH).execute(query)
            yield from rows
