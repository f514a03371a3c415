"""People and audit: who may come in, and who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from edge.chain import Verdict
from edge.errors import AccessRefused
from edge.people import Right, Role
from edge.site import Person, holding_for_all, page
from edge.township.web.rooms import InRoom, Room

router = APIRouter()

Keeper = Annotated[Person, Depends(holding_for_all(Right.PEOPLE))]
Auditor = Annotated[Person, Depends(holding_for_all(Right.AUDIT))]
VillageFields = Annotated[list[str], Form(max_length=500)]
PAGE = 100


@router.get("/people")
def people(request: Request, room: InRoom, _person: Keeper) -> Response:
    return _people(request, room)


@router.post("/people")
def invite(  # noqa: PLR0917 - parameters of a route are named
    request: Request,
    room: InRoom,
    person: Keeper,
    name: Annotated[str, Form(min_length=1, max_length=64)],
    role: Annotated[Role, Form()],
    villages: VillageFields = [],  # noqa: B006 - never changed
) -> Response:
    """Make a one-time link; it is shown on this page only and kept nowhere readable.

    No village chosen means all of them.
    """
    known = {one.code for one in room.store.places.villages()}
    chosen = frozenset(villages) & known
    if villages and not chosen:
        raise HTTPException(422)
    if name.strip() == person.name:
        return _people(request, room, status=422, problem="people.not_yourself")
    try:
        link = room.invite(name, role, chosen or None)
    except AccessRefused:
        return _people(request, room, status=422, problem="people.bad_name")
    room.store.people.audit(
        person.name, "invite", f"{name.strip()} {role.value} {' '.join(sorted(chosen))}".strip()
    )
    return _people(request, room, link=link, invited=name.strip())


@router.post("/people/remove")
def remove(
    request: Request, room: InRoom, person: Keeper, name: Annotated[str, Form(max_length=64)]
) -> Response:
    """Remove somebody else; so there is always one administrator left."""
    if name == person.name:
        return _people(request, room, status=422, problem="people.not_yourself")
    room.store.people.remove_account(name)
    room.store.people.audit(person.name, "remove_person", name)
    return RedirectResponse("/people", status_code=303)


@router.get("/audit")
def audit(
    request: Request,
    room: InRoom,
    _person: Auditor,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:
    """Who did what, newest first, page by page."""
    return _audit(request, room, before)


@router.post("/audit/check")
def check_audit(request: Request, room: InRoom, person: Auditor) -> Response:
    """Walk the whole log and say whether it is as it was written."""
    verdict = room.store.people.check_audit()
    room.store.people.audit(person.name, "check_audit", verdict.problem or verdict.head)
    return _audit(request, room, None, verdict)


def _audit(
    request: Request, room: Room, before: int | None, verdict: Verdict | None = None
) -> Response:
    lines = room.store.people.audit_lines(PAGE + 1, before)
    return page(
        request,
        "audit.html",
        lines=lines[:PAGE],
        older=lines[PAGE - 1].id if len(lines) > PAGE else 0,
        first=before is None,
        verdict=verdict,
    )


def _people(
    request: Request,
    room: Room,
    *,
    status: int = 200,
    problem: str = "",
    link: str = "",
    invited: str = "",
) -> Response:
    return page(
        request,
        "people.html",
        status=status,
        accounts=room.store.people.accounts(),
        problem=problem,
        link=link,
        invited=invited,
        roles=list(Role),
        villages=room.store.places.villages(),
    )
