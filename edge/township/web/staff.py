"""People and audit: who may come in, and who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from edge.errors import AccessRefused
from edge.people import Role
from edge.site import Admin, page, signed_in
from edge.township.web.rooms import InRoom, Room

router = APIRouter(dependencies=[Depends(signed_in(Role.ADMIN))])


@router.get("/people")
def people(request: Request, room: InRoom) -> Response:
    return _people(request, room)


@router.post("/people")
def invite(
    request: Request,
    room: InRoom,
    person: Admin,
    name: Annotated[str, Form(min_length=1, max_length=64)],
    role: Annotated[Role, Form()],
) -> Response:
    """Make a one-time link; it is shown on this page only and kept nowhere readable."""
    if name.strip() == person.name:
        return _people(request, room, status=422, problem="people.not_yourself")
    try:
        link = room.invite(name, role)
    except AccessRefused:
        return _people(request, room, status=422, problem="people.bad_name")
    room.store.people.audit(person.name, "invite", f"{name.strip()} {role.value}")
    return _people(request, room, link=link, invited=name.strip())


@router.post("/people/remove")
def remove(
    request: Request, room: InRoom, person: Admin, name: Annotated[str, Form(max_length=64)]
) -> Response:
    """Remove somebody else; so there is always one administrator left."""
    if name == person.name:
        return _people(request, room, status=422, problem="people.not_yourself")
    room.store.people.remove_account(name)
    room.store.people.audit(person.name, "remove_person", name)
    return RedirectResponse("/people", status_code=303)


@router.get("/audit")
def audit(request: Request, room: InRoom) -> Response:
    return page(request, "audit.html", lines=room.store.people.audit_lines())


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
    )
