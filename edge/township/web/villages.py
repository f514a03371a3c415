"""The list of villages: who is heard, what is watched, what waits; silence is not safety."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from edge.site import page, signed_in
from edge.township.web.rooms import InRoom

router = APIRouter(dependencies=[Depends(signed_in())])


@router.get("/villages")
def villages(request: Request, room: InRoom) -> Response:
    return page(request, "villages.html", hubs=room.hubs(), link_trouble=room.link_trouble())


@router.get("/villages/list")
def village_list(request: Request, room: InRoom) -> Response:
    return page(request, "village_list.html", hubs=room.hubs(), link_trouble=room.link_trouble())
