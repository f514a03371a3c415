"""The villages' boxes: who has a certificate, new codes, and throwing a box out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import Response

from edge.errors import EdgeError
from edge.people import Right
from edge.site import Admin, holding_for_all, page
from edge.site.times import ZONE
from edge.township.enrolment.office import Holder, Office
from edge.township.web.rooms import InRoom, Room

DAY_S = 86_400.0
SOON_DAYS = 15

router = APIRouter(dependencies=[Depends(holding_for_all(Right.PEOPLE))])


def furnish(app: FastAPI, office: Office | None) -> None:
    """Give the site these pages; without an office they say how one is set up."""
    app.state.office = office
    app.include_router(router)


@router.get("/boxes")
def boxes(request: Request, room: InRoom) -> Response:
    return _boxes(request, room)


@router.get("/boxes/list")
def box_list(request: Request, room: InRoom) -> Response:
    return page(request, "box_list.html", **_rows(request, room))


@router.post("/boxes/code")
def make_code(  # noqa: PLR0917 - what the form sends
    request: Request,
    room: InRoom,
    person: Admin,
    hub: Annotated[str, Form(max_length=48)],
    village: Annotated[str, Form(max_length=40)] = "",
    grid: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Make a one-time code; it is shown on this page only and kept nowhere readable."""
    office = _office(request)
    wanted = hub.strip().lower()
    try:
        code, expires_at = office.make_code(wanted, village.strip(), grid.strip(), person.name)
    except EdgeError as error:
        return _boxes(request, room, status=422, problem=str(error))
    room.store.people.audit(person.name, "enrol_code", wanted)
    return _boxes(request, room, code=str(code), hub=wanted, until=_until(expires_at))


@router.post("/boxes/revoke")
def revoke(
    request: Request,
    room: InRoom,
    person: Admin,
    hub: Annotated[str, Form(min_length=1, max_length=48)],
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Throw a box out; the watch ends its connection within seconds."""
    office = _office(request)
    office.desk.revoke(hub, person.name, reason.strip())
    room.store.people.audit(person.name, "revoke_box", hub)
    return _boxes(request, room, thrown=hub)


def _office(request: Request) -> Office:
    office: Office | None = request.app.state.office
    if office is None:
        raise HTTPException(404)
    return office


def _boxes(request: Request, room: Room, *, status: int = 200, **told: Any) -> Response:
    nothing = dict.fromkeys(("code", "hub", "until", "thrown", "problem"), "")
    return page(request, "boxes.html", status=status, **(nothing | _rows(request, room) | told))


def _rows(request: Request, room: Room) -> dict[str, Any]:
    office: Office | None = request.app.state.office
    if office is None:
        return {"office": None, "rows": []}
    now = room.clock.wall()
    heard = {hub.id: hub for hub in room.store.hubs()}
    rows = [(one, heard.get(one.hub), *_state(one, now)) for one in office.holders()]
    return {"office": office, "rows": rows, "trouble": office.trouble, "until_of": _until}


def _until(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, tz=ZONE).strftime("%m-%d %H:%M")


def _state(holder: Holder, now: float) -> tuple[str, str, int]:
    """Tone, key of the word below `box.`, and days left."""
    issued = holder.certificate
    if issued is None:
        return "idle", "state_waiting", 0
    days = int((issued.expires_at - now) // DAY_S)
    if holder.barred:
        return ("idle", "state_out", 0) if holder.cut else ("bad", "state_going", 0)
    if days < 0:
        return "bad", "state_expired", 0
    return ("warn", "state_soon", days) if days < SOON_DAYS else ("good", "state_good", days)
