"""The map of villages, cameras and open cases, and the same as a list."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from edge.site import Person, page, words_of
from edge.township.map_tiles import Tiles
from edge.township.store.case_records import QUEUE_NEW, QUEUE_OPEN, Case, CaseFilter
from edge.township.store.sight import Sight
from edge.township.web.rooms import InRoom, Room
from edge.township.web.seeing import Looker, sight_of

router = APIRouter()
MOST_CASES = 500


@dataclass(frozen=True, slots=True)
class Spot:
    """An open case with its place; no position where neither camera nor village has one."""

    case: Case
    lon: float | None
    lat: float | None


def _tiles_of(request: Request) -> Tiles:
    tiles: Tiles = request.app.state.tiles
    return tiles


@router.get("/map")
def show(
    request: Request, room: InRoom, person: Looker, tiles: Annotated[Tiles, Depends(_tiles_of)]
) -> Response:
    return page(request, "map.html", tiles=tiles, **_lists(room, person))


@router.get("/map/list")
def as_list(request: Request, room: InRoom, person: Looker) -> Response:
    return page(request, "map_list.html", **_lists(room, person))


@router.get("/map/places")
def places(request: Request, room: InRoom, person: Looker) -> Response:
    """What the map draws: short names and positions, nothing that has none."""
    sight, words = sight_of(person), words_of(request)
    states = {
        (hub.id, camera.id): camera.state
        for hub in room.store.hubs(sight)
        for camera in hub.cameras
    }
    answer: dict[str, Any] = {
        "villages": [
            {"name": one.name, "lon": one.lon, "lat": one.lat, "href": f"/places/{one.code}"}
            for one in room.store.places.villages(sight)
            if one.lon is not None
        ],
        "cameras": [
            {
                "name": one.name,
                "lon": one.lon,
                "lat": one.lat,
                "state": states.get((one.hub, one.channel), "") or "none",
                "href": f"/places/{one.village}",
            }
            for one in room.store.places.cameras(sight)
            if one.lon is not None
        ],
        "cases": [
            {
                "name": f"{words.name('kind', spot.case.kind)} · {spot.case.camera_name}",
                "lon": spot.lon,
                "lat": spot.lat,
                "severity": spot.case.severity,
                "href": f"/cases/{spot.case.id}",
            }
            for spot in _spots(room, sight)
            if spot.lon is not None
        ],
    }
    return JSONResponse(answer)


def _lists(room: Room, person: Person) -> dict[str, Any]:
    sight = sight_of(person)
    villages = room.store.places.villages(sight)
    spots = _spots(room, sight)
    names = {hub: one.name for one in villages for hub in one.hubs}
    here = Counter(spot.case.hub for spot in spots)
    return {
        "villages": villages,
        "counts": room.store.places.camera_counts(sight),
        "open_cases": {one.code: sum(here[hub] for hub in one.hubs) for one in villages},
        "spots": spots,
        "village_names": names,
        "located": any(one.lon is not None for one in villages)
        or any(spot.lon is not None for spot in spots),
    }


def _spots(room: Room, sight: Sight) -> list[Spot]:
    """Open cases at their camera's position, or at their village's."""
    wanted = CaseFilter(queues=(QUEUE_NEW, QUEUE_OPEN), sight=sight)
    cases = room.store.cases.some(wanted, limit=MOST_CASES)
    if not cases:
        return []
    where: dict[tuple[str, str], tuple[float | None, float | None]] = {}
    for one in room.store.places.villages(sight):
        where |= {(hub, ""): (one.lon, one.lat) for hub in one.hubs}
    for camera in room.store.places.cameras(sight):
        if camera.lon is not None:
            where[camera.hub, camera.channel] = (camera.lon, camera.lat)
    return [
        Spot(case, *where.get((case.hub, case.camera), where.get((case.hub, ""), (None, None))))
        for case in cases
    ]
