"""What somebody may see of the cases, for every page the same."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Path

from edge.people import Right
from edge.site import Anybody, Person, holding
from edge.township.cases.rights import may
from edge.township.store.case_records import Case
from edge.township.store.sight import Sight
from edge.township.web.case_views import CaseView
from edge.township.web.rooms import Room

CaseId = Annotated[int, Path(ge=1, le=2**53)]
Looker = Annotated[Person, Depends(holding(Right.LOOK))]
Monitor = Annotated[Person, Depends(holding(Right.HANDLE))]
Worker = Anybody
"""Whoever is signed in; which cases he may touch is decided by `visible` and `may`."""


def sight_of(person: Person) -> Sight:
    """The villages and cameras a person has to do with."""
    return Sight(person.villages, person.cameras)


def visible(room: Room, person: Person, number: int) -> Case:
    """A case this person may see: of his villages, or given to him to work on.

    Raises:
        HTTPException: 404, also for one that others may see.
    """
    case = room.store.cases.one(number)
    if case is not None and person.has(Right.FIELD) and case.assignee == person.name:
        return case
    if not person.has(Right.LOOK) or case is None:
        raise HTTPException(404)
    seen = room.store.cases.one(number, sight_of(person))
    if seen is None:
        raise HTTPException(404)
    return seen


def views_of(room: Room, person: Person, cases: list[Case]) -> list[CaseView]:
    """Cases with what was spoken for them and what this person may do."""
    spoken = room.store.spoken_for([case.incident for case in cases])
    now = room.clock.wall()
    return [
        CaseView(case, tuple(spoken.get((case.hub, case.incident), ())), may(person, case), now)
        for case in cases
    ]
