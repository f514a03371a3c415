"""The health of the box: cameras, loudspeakers, uplink, model, disk and clock, with figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from edge.site import Person, Viewer, page
from edge.web.sight import house_of, overview_for

router = APIRouter(prefix="/device")


@router.get("")
def show_device(request: Request, person: Viewer) -> Response:
    return page(request, "device.html", **_figures(request, person))


@router.get("/figures")
def figures(request: Request, person: Viewer) -> Response:
    return page(request, "_device.html", **_figures(request, person))


def _figures(request: Request, person: Person) -> dict[str, Any]:
    return {"overview": overview_for(house_of(request), person)}
