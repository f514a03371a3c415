"""The list of villages: who is heard, what is watched, what waits; silence is not safety."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from edge.site import Person, page
from edge.township.web.rooms import InRoom, Room
from edge.township.web.seeing import Looker, sight_of

router = APIRouter()


@router.get("/villages")
def villages(request: Request, room: InRoom, person: Looker) -> Response:
    return page(request, "villages.html", **_state(room, person))


@router.get("/villages/list")
def village_list(request: Request, room: InRoom, person: Looker) -> Response:
    return page(request, "village_list.html", **_state(room, person))


def _state(room: Room, person: Person) -> dict[str, Any]:
    return {"hubs": room.hubs(sight_of(person)), "link_trouble": room.link_trouble()}
