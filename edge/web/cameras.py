"""One camera's page: what the box sees there, how often it looks, and what it learnt."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from edge.site import Admin, Person, Viewer, page, site_of
from edge.web.house import CameraView
from edge.web.sight import house_of, incidents_for, overview_for

router = APIRouter(prefix="/cameras")

DONE = ("accepted", "refused", "undone")
NEWEST = 6
REMEMBERED = 10
"""Decisions that are listed."""


@router.get("/{camera}")
def show_camera(request: Request, person: Viewer, camera: str, done: str = "") -> Response:
    found = _seen(request, person, camera)
    site_of(request).accounts.audit(person.name, "view_camera", camera)
    done = done if done in DONE else ""
    return page(request, "camera.html", done=done, **found, **_learnt(request, camera))


@router.get("/{camera}/state")
def show_state(request: Request, person: Viewer, camera: str) -> Response:
    return page(request, "_camera.html", **_seen(request, person, camera))


@router.get("/{camera}/picture.jpg")
def picture(request: Request, person: Viewer, camera: str) -> Response:
    camera_for(request, person, camera)
    sight = house_of(request).sight(camera)
    if sight is None or not sight.jpeg:
        raise HTTPException(404)
    return Response(sight.jpeg, media_type="image/jpeg", headers={"cache-control": "no-store"})


@router.post("/{camera}/tunings/{tuning}")
def decide(
    request: Request,
    person: Admin,
    camera: str,
    tuning: str,
    decision: Annotated[Literal["accepted", "refused", "undone"], Form()],
) -> Response:
    camera_for(request, person, camera)
    house_of(request).decide_tuning(camera, tuning, decision, person.name)
    return RedirectResponse(f"/cameras/{camera}?done={decision}#learnt", status_code=303)


def camera_for(request: Request, person: Person, camera: str) -> CameraView:
    """A camera this person may see; one he may not is as if it were not there."""
    cameras = overview_for(house_of(request), person).cameras
    found = next((one for one in cameras if one.id == camera), None)
    if found is None:
        raise HTTPException(404)
    return found


def _seen(request: Request, person: Person, camera: str) -> dict[str, Any]:
    house = house_of(request)
    view = camera_for(request, person, camera)
    accepted = [t for t in house.tunings(camera) if t.state == "accepted" and t.polygon]
    return {
        "camera": view,
        "overview": house.overview(),
        "sight": house.sight(camera),
        "ignored": accepted,
        "incidents": incidents_for(house.store, person, limit=NEWEST, camera=camera),
    }


def _learnt(request: Request, camera: str) -> dict[str, Any]:
    known = house_of(request).tunings(camera)
    return {
        "proposed": [t for t in known if t.state == "proposed"],
        "decided": [t for t in known if t.state != "proposed"][:REMEMBERED],
    }
