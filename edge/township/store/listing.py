"""Lists for other programs: newest first, page by page, each page beginning where one ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from edge.township.store.case_records import Case
from edge.township.store.database import Database
from edge.township.store.place_tables import hub_places
from edge.township.store.records import Alert, Order
from edge.township.store.sight import EVERYTHING, Sight
from edge.township.store.tables import alerts, case_steps, cases, commands

RESULTS = ("report", "call_back", "false_alarm")
"""Steps whose words say how a case ended."""

BATCH = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for; empty or None means all.

    Attributes:
        since, until: Unix seconds; when it was stored here, the first included, the last not.
    """

    hub: str = ""
    kind: str = ""
    severity: str = ""
    state: str = ""
    drill: bool | None = None
    since: float | None = None
    until: float | None = None
    sight: Sight = EVERYTHING


class Listing:
    """Reads for the API and for exports. Errors are `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def alerts(
        self, wanted: Wanted, *, after: tuple[float, str, str] | None, limit: int
    ) -> list[Alert]:
        """The newest stored first; `after` is (stored_at, hub, id) of the last one seen."""
        shown = [alerts.c[name] for name in Alert.__dataclass_fields__ if name != "picture"]
        query = sa.select(*shown).where(
            *_matching(alerts, alerts.c.stored_at, wanted, ("hub", "kind", "severity")),
        )
        if wanted.state:
            query = query.where(alerts.c.phase == wanted.state)
        place = sa.tuple_(alerts.c.stored_at, alerts.c.hub, alerts.c.id)
        if after is not None:
            query = query.where(place < after)
        order = alerts.c.stored_at.desc(), alerts.c.hub.desc(), alerts.c.id.desc()
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(*order).limit(limit)).mappings()
            return [Alert(**row) for row in rows]

    def cases(self, wanted: Wanted, *, after: int | None = None, limit: int = BATCH) -> list[Case]:
        """The highest number first; `after` is the number of the last one seen."""
        shown = [cases.c[name] for name in Case.__dataclass_fields__]
        exact = ("hub", "kind", "severity", "state")
        query = sa.select(*shown).where(*_matching(cases, cases.c.first_at, wanted, exact))
        if after is not None:
            query = query.where(cases.c.id < after)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(cases.c.id.desc()).limit(limit)).mappings()
            return [Case(**row) for row in rows]

    def every_case(self, wanted: Wanted) -> Iterator[list[Case]]:
        """All of them, in batches, each read on its own so that nothing is held between."""
        after: int | None = None
        while batch := self.cases(wanted, after=after):
            yield batch
            after = batch[-1].id

    def results(self, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
        """What was said at the end of each case: the newest words by `RESULTS`."""
        query = (
            sa.select(case_steps.c.case_id, case_steps.c.action, case_steps.c.words)
            .where(case_steps.c.case_id.in_(numbers), case_steps.c.action.in_(RESULTS))
            .order_by(case_steps.c.id)
        )
        found: dict[int, dict[str, str]] = {}
        with self._database.read() as connection:
            for case, action, words in connection.execute(query):
                found.setdefault(case, {})[action] = words
        return found

    def orders(self, sight: Sight, *, after: tuple[float, str] | None, limit: int) -> list[Order]:
        """Orders to speak, the newest first; `after` is (issued_at, id) of the last one seen."""
        shown = [commands.c[name] for name in Order.__dataclass_fields__]
        query = sa.select(*shown).where(commands.c.name == "announce", sight.of_hub(commands.c.hub))
        if after is not None:
            query = query.where(sa.tuple_(commands.c.issued_at, commands.c.id) < after)
        order = commands.c.issued_at.desc(), commands.c.id.desc()
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(*order).limit(limit)).mappings()
            return [Order(**row) for row in rows]

    def village_codes(self) -> dict[str, str]:
        """Code of the village each placed box stands in."""
        with self._database.read() as connection:
            return {row.hub: row.village for row in connection.execute(sa.select(hub_places))}


def _matching(
    table: sa.Table, stored: sa.ColumnElement[float], wanted: Wanted, exact: Sequence[str]
) -> list[Any]:
    found: list[Any] = [table.c[name] == said for name in exact if (said := getattr(wanted, name))]
    if wanted.drill is not None:
        found.append(table.c.drill == wanted.drill)
    if wanted.since is not None:
        found.append(stored >= wanted.since)
    if wanted.until is not None:
        found.append(stored < wanted.until)
    if wanted.sight != EVERYTHING:
        found.append(wanted.sight.of_camera(table.c.hub, table.c.camera))
    return found
