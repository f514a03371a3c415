"""One village's box: what it is, when it was heard, what waits, how well the village is seen."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response

from edge.site import Person, page
from edge.township.rates import HD_PIXELS, rates, rates_by
from edge.township.store.digests import list_comparisons
from edge.township.store.hubs import read_details
from edge.township.web.built import built_cameras, watched_grids
from edge.township.web.rooms import InRoom, Room
from edge.township.web.seeing import Looker, sight_of

router = APIRouter()

HubId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
MOST_DAYS = 14


@router.get("/rates")
def rate_page(request: Request, room: InRoom, person: Looker) -> Response:
    """How well villages and grids are watched."""
    sight = sight_of(person)
    cameras = built_cameras(room, sight)
    grids = watched_grids(room, sight)
    names = {one.code: one.name for one in room.store.places.grids(sight)}
    by_grid = rates_by("grid", [one for one in cameras if one.grid], grids)
    return page(
        request,
        "rates.html",
        all=rates(cameras, grids),
        by_village=rates_by("village", cameras, grids),
        by_grid={names.get(code, code): one for code, one in by_grid.items()},
    )


@router.get("/villages/{hub}")
def one(request: Request, room: InRoom, person: Looker, hub: HubId) -> Response:
    return page(request, "village.html", **_state(room, person, hub))


@router.get("/villages/{hub}/state")
def state(request: Request, room: InRoom, person: Looker, hub: HubId) -> Response:
    return page(request, "village_state.html", **_state(room, person, hub))


def _state(room: Room, person: Person, hub: str) -> dict[str, Any]:
    sight = sight_of(person)
    view = next((one for one in room.hubs(sight) if one.hub.id == hub), None)
    if view is None:
        raise HTTPException(404)
    with room.store.database.read() as connection:
        details = read_details(connection, hub)
        days = list_comparisons(connection, MOST_DAYS, hub=hub)
    mine = [camera for camera in built_cameras(room, sight) if camera.hub == hub]
    return {
        "view": view,
        "details": details,
        "days": days,
        "rates": rates(mine),
        "hd_pixels": HD_PIXELS,
        "link_trouble": room.link_trouble(),
    }
