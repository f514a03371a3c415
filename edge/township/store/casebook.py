"""The book of cases: one transaction for each thing that pages and the house do with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from edge.township.store import cases, duty
from edge.township.store.audit import append
from edge.township.store.case_records import Case, CaseFilter, CaseStep, Place
from edge.township.store.database import Database
from edge.township.store.place_tables import grids
from edge.township.store.sight import EVERYTHING, Sight


@dataclass(frozen=True, slots=True)
class CaseStory:
    """Everything about one case.

    Attributes:
        alerts: (hub, incident) of its alerts, newest first, a hundred at most.
    """

    case: Case
    steps: list[CaseStep]
    alerts: list[tuple[str, str]]


class CaseBook:
    """Reads and changes cases. Every method may block; errors are `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def one(self, case: int, sight: Sight = EVERYTHING) -> Case | None:
        """A case, if it is within this sight."""
        with self._database.read() as connection:
            return cases.one_case(connection, case, sight)

    def of_alert(self, hub: str, incident: str) -> int | None:
        """Number of the case that an alert belongs to."""
        with self._database.read() as connection:
            return cases.case_of(connection, hub, incident)

    def story(self, case: int) -> CaseStory | None:
        with self._database.read() as connection:
            found = cases.one_case(connection, case)
            if found is None:
                return None
            steps = cases.steps_of(connection, case)
            return CaseStory(found, steps, cases.alerts_of(connection, case))

    def some(
        self, wanted: CaseFilter, *, after: Place | None = None, limit: int = 60
    ) -> list[Case]:
        """New ones first, then the gravest, then the newest; `after` begins the next page."""
        with self._database.read() as connection:
            return cases.list_cases(connection, wanted, after=after, limit=limit)

    def count(self, wanted: CaseFilter) -> int:
        with self._database.read() as connection:
            return cases.count_cases(connection, wanted)

    def to_escalate(self, *, now: float) -> list[Case]:
        with self._database.read() as connection:
            return cases.cases_to_escalate(connection, now=now)

    def next_on_duty(self, hub: str, at: float, told: frozenset[str]) -> str | None:
        """The next person on the roster for a village's box (a `Roster`)."""
        with self._database.read() as connection:
            shift = duty.next_for(connection, hub, now=at, tried=told)
        return shift.person if shift else None

    def village_of(self, hub: str) -> str:
        """Code of the village a box stands in; empty while nobody said."""
        with self._database.read() as connection:
            return duty.village_of(connection, hub)

    def grid_member(self, grid: str) -> str:
        """Account of who answers for a grid; empty where nobody does."""
        with self._database.read() as connection:
            found = connection.scalar(sa.select(grids.c.member).where(grids.c.code == grid))
        return str(found or "")

    def told_so_far(self, case: Case) -> frozenset[str]:
        """Whom escalations of the step that runs now have told."""
        with self._database.read() as connection:
            return cases.told_so_far(connection, case.id, case.since_at)

    def move(self, before: Case, values: Mapping[str, Any], step: CaseStep) -> bool:
        """Change a case, its story and the audit log as one; False if it changed meanwhile."""
        with self._database.write() as connection:
            if not cases.move(connection, before, values, step):
                return False
            self._write(connection, before, step)
            return True

    def add_photo(self, before: Case, jpeg: bytes, step: CaseStep) -> bool:
        """Keep a photo with its line in the story; False if the case changed meanwhile."""
        with self._database.write() as connection:
            if not cases.move(connection, before, {}, step):
                return False
            cases.keep_photo(connection, before.id, step.photo, jpeg, who=step.who, now=step.at)
            self._write(connection, before, step)
            return True

    def photo(self, case: int, sha256: str) -> bytes | None:
        with self._database.read() as connection:
            return cases.photo(connection, case, sha256)

    def count_photos(self, case: int) -> int:
        with self._database.read() as connection:
            return cases.count_photos(connection, case)

    def _write(self, connection: sa.Connection, case: Case, step: CaseStep) -> None:
        said = " ".join(part for part in (step.to, step.words, step.photo[:12]) if part)
        target = f"#{case.id} {case.hub} {case.kind}: {said}" if said else f"#{case.id} {case.hub}"
        append(connection, at=step.at, who=step.who, action=f"case_{step.action}", target=target)
