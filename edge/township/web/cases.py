"""One case with its story and the steps one may take; the list of all cases; the phone page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from edge.errors import CaseRefused
from edge.people import Account, Right
from edge.site import Person, page, trouble
from edge.township.cases.photos import read_photo
from edge.township.cases.rights import may
from edge.township.cases.states import Action, Wish
from edge.township.store.case_records import QUEUE_NEW, QUEUE_OPEN, Case, CaseFilter, Place
from edge.township.store.sight import Sight
from edge.township.web.footage import state_of
from edge.township.web.rooms import InRoom, Room
from edge.township.web.seeing import CaseId, Looker, Monitor, Worker, sight_of, views_of, visible
from edge.township.web.wall import PARTS, InWanted

router = APIRouter()

PAGE = 40
Sha = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, Form(max_length=500)]
Name = Annotated[str, Form(max_length=64)]


@router.get("/cases")
def listed(
    request: Request,
    room: InRoom,
    person: Looker,
    want: InWanted,
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Cases by filter, forty a page."""
    found = want.filter(room, person)
    some = room.store.cases.some(found, after=Place.read(after) if after else None, limit=PAGE + 1)
    return page(
        request,
        "cases.html",
        rows=views_of(room, person, some[:PAGE]),
        want=want,
        parts_of_wall=PARTS,
        villages=room.villages(sight_of(person)),
        following=Place.of(some[PAGE - 1]).text() if len(some) > PAGE else "",
        first=not after,
        total=room.store.cases.count(found),
        people=_colleagues(room, person),
    )


@router.post("/cases/hand-over")
def hand_over(room: InRoom, person: Monitor, to: Name, words: Words = "") -> Response:
    """The end of a shift: everything that is open and mine becomes somebody else's."""
    if to not in {one.name for one in _colleagues(room, person)}:
        raise HTTPException(422)
    mine = CaseFilter(queues=(QUEUE_OPEN,), owner=person.name, sight=sight_of(person))
    for case in room.store.cases.some(mine, limit=500):
        room.desk.act(case.id, Wish(Action.HAND_OVER, person.name, words, to))
    return RedirectResponse("/cases", status_code=303)


@router.get("/cases/{number}")
def one(request: Request, room: InRoom, person: Worker, number: CaseId) -> Response:
    case = visible(room, person, number)
    return page(request, "case.html", **(state_of(room, person, case) | _story(room, person, case)))


@router.get("/cases/{number}/story")
def story(request: Request, room: InRoom, person: Worker, number: CaseId) -> Response:
    return page(request, "case_story.html", **_story(room, person, visible(room, person, number)))


@router.post("/cases/{number}/step")
def step(  # noqa: PLR0917 - the fields of a form
    request: Request,
    room: InRoom,
    person: Worker,
    number: CaseId,
    action: Annotated[Action, Form()],
    words: Words = "",
    to: Name = "",
) -> Response:
    """Take one step; who comes second is told that the case has moved on."""
    case = visible(room, person, number)
    wish = Wish(action, person.name, words, to)
    if action in {Action.PHOTO, Action.ESCALATE} or not _could(person, case, action):
        return trouble(request, 403, "You may not take this step. Ask who leads the case.")
    if to and to not in {one.name for one in _able(room, case)}:
        raise HTTPException(422)
    try:
        room.desk.act(number, wish)
    except CaseRefused as refusal:
        return trouble(request, 409, str(refusal))
    if "hx-request" in request.headers:
        return Response(status_code=204)
    there = (
        "/mine" if not person.has(Right.LOOK) and action is Action.DECLINE else f"/cases/{number}"
    )
    return RedirectResponse(there, status_code=303)


@router.post("/cases/{number}/photos")
async def add_photo(request: Request, room: InRoom, person: Worker, number: CaseId) -> Response:
    """A photo as the body of the request; only pixels of it are kept."""
    upload = await request.body()

    def keep() -> Response:
        case = visible(room, person, number)
        if Action.PHOTO not in may(person, case):
            return trouble(request, 403, "You may not take this step. Ask who leads the case.")
        try:
            room.desk.add_photo(number, read_photo(upload), person.name)
        except CaseRefused as refusal:
            return trouble(request, 422, str(refusal))
        return Response(status_code=204)

    return await run_in_threadpool(keep)


@router.get("/cases/{number}/photos/{sha256}")
def photo(room: InRoom, person: Worker, number: CaseId, sha256: Sha) -> Response:
    visible(room, person, number)
    jpeg = room.store.cases.photo(number, sha256)
    if jpeg is None:
        raise HTTPException(404)
    headers = {"cache-control": "private, max-age=86400, immutable"}
    return Response(jpeg, media_type="image/jpeg", headers=headers)


@router.get("/mine")
def mine(request: Request, room: InRoom, person: Worker) -> Response:
    """What was given to this person, for a phone in one hand."""
    return page(request, "mine.html", rows=_given(room, person))


@router.get("/mine/list")
def mine_list(request: Request, room: InRoom, person: Worker) -> Response:
    return page(request, "mine_list.html", rows=_given(room, person))


def _given(room: Room, person: Person) -> list[Any]:
    given = CaseFilter(queues=(QUEUE_NEW, QUEUE_OPEN), assignee=person.name)
    return list(views_of(room, person, room.store.cases.some(given, limit=100)))


def _could(person: Person, case: Case, action: Action) -> bool:
    """Whether the role allows it in some state; the state itself is the desk's business."""
    if person.has(Right.HANDLE):
        return action is not Action.DECLINE or case.assignee == person.name
    return action in may(person, case)


def _story(room: Room, person: Person, case: Case) -> dict[str, Any]:
    known = room.store.cases.story(case.id)
    [view] = views_of(room, person, [case])
    alerts = [room.store.story(hub, id_) for hub, id_ in (known.alerts if known else [])[:10]]
    looks = person.has(Right.LOOK)
    return {
        "view": view,
        "case": case,
        "steps": known.steps if known else [],
        "photos": [one.photo for one in (known.steps if known else []) if one.photo],
        "alerts": [one.alert for one in alerts if one is not None],
        "people": _able(room, case) if person.has(Right.HANDLE) else [],
        "member": room.store.cases.grid_member(case.grid) if case.grid else "",
        "may_speak": room.orders.may_speak and person.has(Right.SPEAK),
        "looks": looks,
    }


def _able(room: Room, case: Case) -> list[Account]:
    """Who can be sent to a case or lead it: grid members first."""
    village = room.store.cases.village_of(case.hub)
    able = [
        one
        for one in room.store.people.accounts()
        if (one.role.has(Right.FIELD) or one.role.has(Right.HANDLE))
        and Sight(one.villages).sees_village(village)
    ]
    return sorted(able, key=lambda one: (one.role.has(Right.LOOK), one.name))


def _colleagues(room: Room, person: Person) -> list[Account]:
    """To whom a shift can be handed over."""
    return [
        one
        for one in room.store.people.accounts()
        if one.role.has(Right.HANDLE) and one.name != person.name
    ]
