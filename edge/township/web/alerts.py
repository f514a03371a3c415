"""The live page of alerts, one alert with its story, its picture, and taking it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import RedirectResponse, Response

from edge.events import Change
from edge.site import Person, Staff, Viewer, page
from edge.township.store import AlertStory
from edge.township.store.records import Alert
from edge.township.web.rooms import InRoom, Room
from edge.township.web.views import AlertView, numbers_of

router = APIRouter()

HubId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
IncidentId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
Sha = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.get("/")
def board(request: Request, room: InRoom, person: Viewer, *, wall: bool = False) -> Response:
    return page(request, "alerts.html", wall=wall, **_lists(room, person))


@router.get("/alerts/list")
def board_list(request: Request, room: InRoom, person: Viewer, *, wall: bool = False) -> Response:
    return page(request, "alert_list.html", wall=wall, **_lists(room, person))


@router.get("/alerts/{hub}/{incident}")
def one(
    request: Request, room: InRoom, person: Viewer, hub: HubId, incident: IncidentId
) -> Response:
    return page(request, "alert.html", **_story(room, person, hub, incident))


@router.get("/alerts/{hub}/{incident}/story")
def story(
    request: Request, room: InRoom, person: Viewer, hub: HubId, incident: IncidentId
) -> Response:
    return page(request, "alert_story.html", **_story(room, person, hub, incident))


@router.post("/alerts/{hub}/{incident}/acknowledge")
def acknowledge(
    request: Request, room: InRoom, person: Staff, hub: HubId, incident: IncidentId
) -> Response:
    """Take an alert; who comes second sees who was first."""
    alert = _visible(person, room.store.alert(hub, incident))
    if room.store.acknowledge(hub, incident, person.name, now=room.clock.wall()):
        room.store.people.audit(person.name, "acknowledge", f"{hub}/{alert.id}")
        room.bus.publish(Change("incident", alert.id))
    if "hx-request" in request.headers:
        wall = request.query_params.get("wall") == "1"
        return page(request, "alert_list.html", wall=wall, **_lists(room, person))
    return RedirectResponse(f"/alerts/{hub}/{incident}", status_code=303)


@router.get("/pictures/{hub}/{incident}/{sha256}")
def picture(
    room: InRoom, person: Viewer, hub: HubId, incident: IncidentId, sha256: Sha
) -> Response:
    _visible(person, room.store.alert(hub, incident))
    jpeg = room.store.picture(hub, incident, sha256)
    if jpeg is None:
        raise HTTPException(404)
    # The hash is part of the address, so a browser may keep what it has seen.
    headers = {"cache-control": "private, max-age=86400, immutable"}
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def _visible(person: Person, alert: Alert | None) -> Alert:
    if alert is None or not person.sees(alert.camera):
        raise HTTPException(404)
    return alert


def _lists(room: Room, person: Person) -> dict[str, Any]:
    opened = [one for one in room.store.open_alerts() if person.sees(one.camera)]
    closed = [one for one in room.store.closed_alerts() if person.sees(one.camera)]
    spoken = room.store.receipts_of([*opened, *closed])

    def views(alerts: list[Alert]) -> list[AlertView]:
        return [AlertView(one, tuple(spoken.get((one.hub, one.id), ()))) for one in alerts]

    hubs = room.hubs()
    return {
        "opened": views(opened),
        "hidden": room.store.count_open() - len(opened) if person.cameras is None else 0,
        "closed": views(closed),
        "newest": max([*opened, *closed], key=lambda alert: alert.stored_at, default=None),
        "troubled": [hub for hub in hubs if hub.tone != "good"],
        "hub_count": len(hubs),
        "link_trouble": room.link_trouble(),
    }


def _story(room: Room, person: Person, hub: str, incident: str) -> dict[str, Any]:
    known: AlertStory | None = room.store.story(hub, incident)
    if known is None:
        raise HTTPException(404)
    _visible(person, known.alert)
    return {
        "view": AlertView(known.alert, tuple(known.receipts)),
        "history": [(event, numbers_of(event)) for event in known.history],
        "may_speak": room.orders.may_speak,
    }
