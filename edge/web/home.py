"""The first page: is all well, what happened, what is being said."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from edge.site import Person, Viewer, page, words_of
from edge.web.plain import findings, worst
from edge.web.sight import house_of, incidents_for, overview_for

NEWEST = 5
router = APIRouter()


@router.get("/")
def show_home(request: Request, person: Viewer) -> Response:
    parts = _status(request, person) | _newest(request, person) | _playing(request, person)
    return page(request, "home.html", **parts)


@router.get("/fragments/status")
def status(request: Request, person: Viewer) -> Response:
    return page(request, "_status.html", **_status(request, person))


@router.get("/fragments/newest")
def newest(request: Request, person: Viewer) -> Response:
    return page(request, "_newest.html", **_newest(request, person))


@router.get("/fragments/playing")
def playing(request: Request, person: Viewer, back: str = "/") -> Response:
    return page(request, "_playing.html", **(_playing(request, person) | {"back": back}))


def _status(request: Request, person: Person) -> dict[str, Any]:
    lines = findings(overview_for(house_of(request), person), words_of(request))
    return {"findings": lines, "tone": worst(lines)}


def _newest(request: Request, person: Person) -> dict[str, Any]:
    return {"incidents": incidents_for(house_of(request).store, person, limit=NEWEST)}


def _playing(request: Request, person: Person) -> dict[str, Any]:
    speakers = overview_for(house_of(request), person).speakers
    return {
        "playing": [s for s in speakers if s.playing],
        "waiting": sum(s.queue for s in speakers),
        "back": "/",
    }
