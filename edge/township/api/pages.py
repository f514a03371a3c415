"""The page of tokens: made, shown once, revoked; and cases as files for people."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from edge.people import Right
from edge.site import Person, holding_for_all, page, words_of
from edge.township.api.exporting import MEDIA, write_cases
from edge.township.api.routes import InListing
from edge.township.api.tokens import SCOPES, new_secret
from edge.township.store.listing import Wanted
from edge.township.web.rooms import InRoom, Room
from edge.township.web.seeing import Looker, sight_of

DAY_S = 86_400.0
DAYS = (30, 90, 365)

router = APIRouter()
Keeper = Annotated[Person, Depends(holding_for_all(Right.PEOPLE))]
Several = Annotated[list[str], Form(max_length=500)]


@router.get("/tokens")
def tokens(request: Request, room: InRoom, _person: Keeper) -> Response:
    """Every token, and a form for a new one."""
    return _tokens(request, room)


@router.post("/tokens")
def make(  # noqa: PLR0917 - the fields of a form
    request: Request,
    room: InRoom,
    person: Keeper,
    name: Annotated[str, Form(min_length=1, max_length=64)],
    days: Annotated[int, Form(ge=1, le=365)] = 90,
    scopes: Several = [],  # noqa: B006 - never changed
    villages: Several = [],  # noqa: B006 - never changed
) -> Response:
    """Make a token; it is shown on this page only. No village chosen means all of them."""
    chosen = frozenset(scopes) & frozenset(SCOPES)
    known = {one.code for one in room.store.places.villages()}
    some = frozenset(villages) & known
    if (villages and not some) or len(chosen) != len(set(scopes)):
        raise HTTPException(422)
    if not chosen or not name.strip():
        return _tokens(request, room, status=422, problem="token.choose")
    secret, now = new_secret(), room.clock.wall()
    room.store.tokens.make(
        secret,
        name=name.strip(),
        scopes=chosen,
        villages=some or None,
        by=person.name,
        now=now,
        expires_at=now + days * DAY_S,
    )
    return _tokens(request, room, secret=secret, made=name.strip())


@router.post("/tokens/revoke")
def revoke(room: InRoom, person: Keeper, token: Annotated[int, Form(ge=1, le=2**53)]) -> Response:
    """End a token; programs that show it are refused from now on."""
    if not room.store.tokens.revoke(token, by=person.name, now=room.clock.wall()):
        raise HTTPException(404)
    return RedirectResponse("/tokens", status_code=303)


@router.get("/cases/export/{form}")
def export(
    request: Request,
    room: InRoom,
    listing: InListing,
    person: Looker,
    form: Literal["csv", "jsonl"],
) -> Response:
    """Every case this person may see, as a file."""
    room.store.people.audit(person.name, "export_cases", form)
    wanted = Wanted(sight=sight_of(person))
    pieces = write_cases(listing, wanted, form, words_of(request))
    headers = {"content-disposition": f'attachment; filename="cases.{form}"'}
    return StreamingResponse(pieces, media_type=MEDIA[form], headers=headers)


def _tokens(request: Request, room: Room, *, status: int = 200, **told: Any) -> Response:
    now = room.clock.wall()
    nothing = {"secret": "", "made": "", "problem": ""}
    return page(
        request,
        "tokens.html",
        status=status,
        **nothing
        | {
            "tokens": [(one, one.good(now)) for one in room.store.tokens.listed()],
            "now": now,
            "scopes": SCOPES,
            "days": DAYS,
            "villages": room.store.places.villages(),
        }
        | told,
    )
