"""The township's site: the shared kit with the township's own pages, words and parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from edge.settings.schema import TownshipSettings
from edge.site import build_site
from edge.site.passwords import Passwords
from edge.township import outside
from edge.township.api.tokens import recogniser
from edge.township.cases.photos import LARGEST_BYTES
from edge.township.map_tiles import tiles_of
from edge.township.places.desk import ImportDesk
from edge.township.web import (
    alerts,
    cases,
    duty,
    footage,
    places,
    speaking,
    staff,
    village,
    villages,
    wall,
)
from edge.township.web import map as map_pages
from edge.township.web.rooms import Room, furnish

HERE = Path(__file__).parent
COOKIE = "township"
LARGEST_BODY = LARGEST_BYTES + 64 * 1024
"""A photo from the field, and a little."""


@dataclass(frozen=True, slots=True)
class Doors:
    """How strict the way in is.

    Attributes:
        passwordless: One-time links work without choosing a password (demo).
        passwords: Hashing parameters; None takes the kit's.
        metrics_token: With which Prometheus may read the figures without a session.
    """

    passwordless: bool = False
    passwords: Passwords | None = None
    metrics_token: str = ""


def build_pages(
    room: Room,
    settings: TownshipSettings,
    doors: Doors,
    *,
    metrics: Callable[[], str],
    health: Callable[[], bool],
) -> FastAPI:
    """The application that `Server` serves.

    Raises:
        StartError: The map's tiles are not set up as they should be.
    """
    tiles = tiles_of(settings.map)
    app = build_site(
        title=settings.township.name,
        accounts=room.store.people,
        clock=room.clock,
        bus=room.bus,
        language=settings.township.language,
        templates=[HERE / "templates", *outside.TEMPLATES],
        layout="township.html",
        words=[HERE / "words", *outside.WORDS],
        statics=[HERE / "static", *outside.STATICS],
        cookie=COOKIE,
        secure=settings.web.certificate is not None,
        session_hours=settings.web.session_hours,
        routers=[
            wall.router,
            alerts.router,
            cases.router,
            villages.router,
            village.router,
            footage.router,
            places.router,
            duty.router,
            map_pages.router,
            speaking.router,
            staff.router,
            *outside.ROUTERS,
        ],
        largest_body=LARGEST_BODY,
        allow_passwordless=doors.passwordless,
        metrics=metrics,
        metrics_token=doors.metrics_token,
        health=health,
        passwords=doors.passwords,
        uploads=places.UPLOADS,
        bearer=recogniser(room.store.tokens, room.clock),
        image_hosts={"/map": tiles.host} if tiles.host else None,
    )
    furnish(app, room)
    outside.furnish(app, room, settings)
    app.state.import_desk, app.state.tiles = ImportDesk(room.store), tiles
    return app
