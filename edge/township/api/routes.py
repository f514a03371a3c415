"""The routes of the API: lists page by page and single things, all of them only to be read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import AwareDatetime

from edge.site import Anybody, Person, words_of
from edge.township.api import shapes
from edge.township.api.exporting import MEDIA, Form, write_cases
from edge.township.api.paging import read_place, write_place
from edge.township.api.problems import PROBLEM, Problem, ProblemRoute
from edge.township.api.tokens import reading
from edge.township.cases.states import State
from edge.township.store.listing import Listing, Wanted
from edge.township.store.sight import Sight
from edge.township.web.rooms import InRoom
from edge.township.web.seeing import sight_of

VERSION = "1.0.0"
ABOUT = (
    "Incidents, cases, places, hubs and announcements of a township, to be read by other programs. "
    "Show a token as `Authorization: Bearer vht_…`; an administrator makes it on the page of "
    "tokens, for some scopes and villages. Failures are `application/problem+json` (RFC 9457). "
    "Lists are read page by page: pass `next` on as `after`."
)

Severity = Literal["life_safety", "urgent", "notice"]
HubId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
Number = Annotated[int, Path(ge=1, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=200, description="Most of one page.")]
After = Annotated[
    str,
    Query(max_length=300, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the page before."),
]
Hub = Annotated[str, Query(pattern=r"^([a-z0-9][a-z0-9-]{0,47})?$", description="Only this box.")]
Village = Annotated[
    str, Query(pattern=r"^([0-9]{12})?$", description="Only this village, by its 12-digit code.")
]
Kind = Annotated[str, Query(pattern=r"^[a-z_-]{0,32}$", description="Only this kind.")]
Since = Annotated[AwareDatetime | None, Query(description="Stored then or later.")]
Until = Annotated[AwareDatetime | None, Query(description="Stored before.")]
Drill = Annotated[bool | None, Query(description="Only drills, or only what was none.")]

_CONTENT = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No token, or one that is not good any more.", "content": _CONTENT},
    403: {"description": "The token lacks the scope.", "content": _CONTENT},
    422: {"description": "A parameter cannot be read.", "content": _CONTENT},
    503: {"description": "The store failed; try again later.", "content": _CONTENT},
}
_ABSENT: dict[int | str, dict[str, Any]] = {
    404: {"description": "Not there, or not for this token.", "content": _CONTENT}
}

router = APIRouter(prefix="/api/v1", route_class=ProblemRoute, responses=_PROBLEMS)


def _listing_of(request: Request) -> Listing:
    listing: Listing = request.app.state.listing
    return listing


InListing = Annotated[Listing, Depends(_listing_of)]


def _filters(  # noqa: PLR0917 - each is one parameter of the address
    hub: Hub = "",
    village: Village = "",
    kind: Kind = "",
    severity: Severity | None = None,
    drill: Drill = None,
    since: Since = None,
    until: Until = None,
) -> tuple[Wanted, str]:
    wanted = Wanted(
        hub=hub,
        kind=kind,
        severity=severity or "",
        drill=drill,
        since=_wall_s(since),
        until=_wall_s(until),
    )
    return wanted, village


Filters = Annotated[tuple[Wanted, str], Depends(_filters)]


@router.get("/incidents")
def incidents(  # noqa: PLR0917 - each is one parameter of the address
    listing: InListing,
    person: Annotated[Person, Depends(reading("incidents"))],
    filters: Filters,
    phase: Literal["opened", "updated", "closed"] | None = None,
    after: After = "",
    limit: Limit = 50,
) -> shapes.Incidents:
    """Incidents, the newest stored first."""
    place = read_place(after, float, str, str)
    wanted = _seen(filters, person, state=phase or "")
    found = listing.alerts(wanted, after=place, limit=limit + 1)
    items = [shapes.Incident.of(one) for one in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    following = write_place(last.stored_at, last.hub, last.id) if last else None
    return shapes.Incidents(items=items, next=following)


@router.get("/cases")
def cases(  # noqa: PLR0917 - each is one parameter of the address
    listing: InListing,
    person: Annotated[Person, Depends(reading("cases"))],
    filters: Filters,
    state: State | None = None,
    after: After = "",
    limit: Limit = 50,
) -> shapes.Cases:
    """Cases, the highest number first."""
    place = read_place(after, int)
    wanted = _seen(filters, person, state=state.value if state else "")
    found = listing.cases(wanted, after=place[0] if place else None, limit=limit + 1)
    codes = listing.village_codes()
    items = [shapes.CaseShape.of(one, codes) for one in found[:limit]]
    following = write_place(found[limit - 1].id) if len(found) > limit else None
    return shapes.Cases(items=items, next=following)


@router.get("/cases/{number}", responses=_ABSENT)
def case(
    room: InRoom,
    listing: InListing,
    person: Annotated[Person, Depends(reading("cases"))],
    number: Number,
) -> shapes.CaseShape:
    """One case."""
    found = room.store.cases.one(number, sight_of(person))
    if found is None:
        raise HTTPException(404)
    return shapes.CaseShape.of(found, listing.village_codes())


@router.get("/cases/{number}/steps", responses=_ABSENT)
def steps(
    room: InRoom, person: Annotated[Person, Depends(reading("cases"))], number: Number
) -> shapes.Steps:
    """Who did what to a case, oldest first."""
    seen = room.store.cases.one(number, sight_of(person))
    story = room.store.cases.story(number) if seen else None
    if story is None:
        raise HTTPException(404)
    return shapes.Steps(items=[shapes.Step.of(one) for one in story.steps])


@router.get("/villages")
def villages(
    room: InRoom, person: Annotated[Person, Depends(reading("places"))]
) -> shapes.Villages:
    """Villages by code."""
    found = room.store.places.villages(sight_of(person))
    return shapes.Villages(items=[shapes.VillageShape.of(one) for one in found])


@router.get("/cameras")
def cameras(
    room: InRoom,
    person: Annotated[Person, Depends(reading("places"))],
    village: Village = "",
    after: After = "",
    limit: Limit = 50,
) -> shapes.Cameras:
    """Cameras by code."""
    place = read_place(after, str)
    found = room.store.places.cameras(
        sight_of(person), village=village, after=place[0] if place else "", limit=limit + 1
    )
    items = [shapes.CameraShape.of(one) for one in found[:limit]]
    following = write_place(found[limit - 1].code) if len(found) > limit else None
    return shapes.Cameras(items=items, next=following)


@router.get("/hubs")
def hubs(room: InRoom, person: Annotated[Person, Depends(reading("hubs"))]) -> shapes.Hubs:
    """The villages' boxes as last heard."""
    found = [view.hub for view in room.hubs(sight_of(person))]
    return shapes.Hubs(items=[shapes.HubShape.of(one) for one in found])


@router.get("/hubs/{hub}", responses=_ABSENT)
def one_hub(
    room: InRoom, person: Annotated[Person, Depends(reading("hubs"))], hub: HubId
) -> shapes.HubShape:
    """One box as last heard."""
    found = [view.hub for view in room.hubs(sight_of(person)) if view.hub.id == hub]
    if not found:
        raise HTTPException(404)
    return shapes.HubShape.of(found[0])


@router.get("/announcements")
def announcements(
    listing: InListing,
    person: Annotated[Person, Depends(reading("announcements"))],
    after: After = "",
    limit: Limit = 50,
) -> shapes.Announcements:
    """What was ordered to be spoken, the newest first."""
    place = read_place(after, float, str)
    found = listing.orders(sight_of(person), after=place, limit=limit + 1)
    items = [shapes.Announcement.of(one) for one in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return shapes.Announcements(
        items=items, next=write_place(last.issued_at, last.id) if last else None
    )


@router.get(
    "/export/cases",
    response_class=Response,
    responses={200: {"content": {media.partition(";")[0]: {} for media in MEDIA.values()}}},
)
def export_cases(  # noqa: PLR0917 - each is one parameter of the address
    request: Request,
    room: InRoom,
    listing: InListing,
    person: Annotated[Person, Depends(reading("export"))],
    filters: Filters,
    form: Form = "csv",
) -> Response:
    """Every case that fits, as CSV (UTF-8 with BOM) or as JSON lines."""
    wanted = _seen(filters, person)
    room.store.people.audit(person.name, "export_cases", _told(form, wanted))
    pieces = write_cases(listing, wanted, form, words_of(request))
    headers = {"content-disposition": f'attachment; filename="cases.{form}"'}
    return StreamingResponse(pieces, media_type=MEDIA[form], headers=headers)


@router.get("/openapi.json", include_in_schema=False)
def description(_person: Anybody) -> Response:
    """The description of this API, for whoever is signed in or shows a token."""
    return JSONResponse(describe())


def describe() -> dict[str, Any]:
    """The OpenAPI document."""
    made = get_openapi(
        title="Village Hub township", version=VERSION, description=ABOUT, routes=router.routes
    )
    parts = made.setdefault("components", {})
    own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["schemas"] |= own.pop("$defs", {}) | {"Problem": own}
    for name in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(name, None)
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    return made


def _seen(filters: tuple[Wanted, str], person: Person, *, state: str = "") -> Wanted:
    """The filters, within what this person has to do with."""
    wanted, village = filters
    sight = sight_of(person)
    if village:
        mine = frozenset({village}) if sight.sees_village(village) else frozenset[str]()
        sight = Sight(mine, sight.cameras)
    return Wanted(
        hub=wanted.hub,
        kind=wanted.kind,
        severity=wanted.severity,
        state=state,
        drill=wanted.drill,
        since=wanted.since,
        until=wanted.until,
        sight=sight,
    )


def _told(form: str, wanted: Wanted) -> str:
    names = ("hub", "kind", "severity", "drill", "since", "until")
    said = [
        f"{name}={value}" for name in names if (value := getattr(wanted, name)) not in {"", None}
    ]
    return " ".join([form, *said])


def _wall_s(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
