"""The incidents: a list, one with its picture, and what staff do about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from edge.site import Person, Staff, Viewer, page, site_of
from edge.store.records import Incident
from edge.tuning import REASONS, may_be_tuned
from edge.web.sight import PAGE, house_of, incident_for, incidents_for, overview_for

router = APIRouter(prefix="/incidents")

DONE = ("confirmed", "false_alarm", "warned")


@router.get("")
def show_list(
    request: Request, person: Viewer, show: str = "", camera: str = "", before: str = ""
) -> Response:
    cameras = overview_for(house_of(request), person).cameras
    found = _list(request, person, show, camera, before)
    return page(request, "incidents.html", cameras=cameras, **found)


@router.get("/list")
def list_again(
    request: Request, person: Viewer, show: str = "", camera: str = "", before: str = ""
) -> Response:
    return page(request, "_incidents.html", **_list(request, person, show, camera, before))


@router.get("/{incident_id}")
def show_one(request: Request, person: Viewer, incident_id: str, done: str = "") -> Response:
    found = _one(request, person, incident_id)
    site_of(request).accounts.audit(person.name, "view_incident", incident_id)
    return page(request, "incident.html", done=done if done in DONE else "", **found)


@router.get("/{incident_id}/state")
def show_state(request: Request, person: Viewer, incident_id: str) -> Response:
    return page(request, "_incident.html", **_one(request, person, incident_id))


@router.get("/{incident_id}/picture.jpg")
def picture(request: Request, person: Viewer, incident_id: str) -> Response:
    incident = incident_for(house_of(request), person, incident_id)
    return _jpeg(request, incident, house_of(request).evidence(incident.evidence))


@router.get("/{incident_id}/thumbnail.jpg")
def thumbnail(request: Request, person: Viewer, incident_id: str) -> Response:
    incident = incident_for(house_of(request), person, incident_id)
    return _jpeg(request, incident, house_of(request).thumbnail(incident.evidence))


@router.get("/{incident_id}/clip.mp4")
def clip(request: Request, person: Viewer, incident_id: str, download: bool = False) -> Response:
    """The recording; a player asks for it in ranges, of which the first is written down."""
    house = house_of(request)
    incident = incident_for(house, person, incident_id)
    record, _ = house.clip(incident_id)
    path = house.clip_file(record.sha256) if record else None
    if path is None:
        raise HTTPException(404)
    if request.headers.get("range", "bytes=0-").startswith("bytes=0-"):
        action = "download_clip" if download else "view_clip"
        site_of(request).accounts.audit(person.name, action, incident_id)
    name = f"{incident.camera}-{incident_id[:8]}.mp4" if download else None
    headers = {"cache-control": "private, no-cache"}
    return FileResponse(path, media_type="video/mp4", filename=name, headers=headers)


@router.post("/{incident_id}/verdict")
def judge(
    request: Request,
    person: Staff,
    incident_id: str,
    verdict: Annotated[Literal["confirmed", "false_alarm"], Form()],
    reason: Annotated[str, Form()] = "",
) -> Response:
    house = house_of(request)
    incident_for(house, person, incident_id)
    said = reason if verdict == "false_alarm" and reason in REASONS else ""
    if not house.judge(incident_id, verdict, person.name, said):
        raise HTTPException(404)
    return RedirectResponse(f"/incidents/{incident_id}?done={verdict}", status_code=303)


@router.post("/{incident_id}/warn")
def warn(request: Request, person: Staff, incident_id: str) -> Response:
    house = house_of(request)
    incident_for(house, person, incident_id)
    house.warn_again(incident_id, person.name)
    return RedirectResponse(f"/incidents/{incident_id}?done=warned", status_code=303)


def _list(request: Request, person: Person, show: str, camera: str, before: str) -> dict[str, Any]:
    found = incidents_for(
        house_of(request).store,
        person,
        limit=PAGE + 1,
        before=before or None,
        camera=camera or None,
        open_only=show == "open",
    )
    more = len(found) > PAGE
    return {
        "incidents": found[:PAGE],
        "next": found[PAGE - 1].id if more else "",
        "show": "open" if show == "open" else "",
        "camera": camera,
        "before": before,
    }


def _one(request: Request, person: Person, incident_id: str) -> dict[str, Any]:
    house = house_of(request)
    incident = incident_for(house, person, incident_id)
    reasons = REASONS if may_be_tuned(incident.kind) else ()
    plays = house.store.plays(20, incident_id)
    clip, no_clip = house.clip(incident_id)
    return {
        "incident": incident,
        "plays": plays,
        "reasons": reasons,
        "clip": clip,
        "no_clip": no_clip,
    }


def _jpeg(request: Request, incident: Incident, jpeg: bytes | None) -> Response:
    """A picture the browser may keep, but must ask about each time: rights may have changed."""
    if not incident.evidence or jpeg is None:
        raise HTTPException(404)
    headers = {"cache-control": "private, no-cache", "etag": f'"{incident.evidence}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(jpeg, media_type="image/jpeg", headers=headers)
