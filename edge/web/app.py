"""The hub's site: the kit of `edge.site`, with the village's own pages on it."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from edge.clock import Clock
from edge.site import build_site
from edge.site.accounts import Accounts
from edge.site.passwords import Passwords
from edge.web import books, cameras, device, home, incidents, plain, speaking, users
from edge.web.house import House

HERE = Path(__file__).parent
COOKIE = "village-hub"


def build_hub_site(
    house: House,
    accounts: Accounts,
    clock: Clock,
    *,
    language: str = "zh",
    secure: bool = False,
    session_hours: int = 12,
    allow_passwordless: bool = False,
    metrics_token: str = "",
    passwords: Passwords | None = None,
) -> FastAPI:
    """Make the hub's pages; `house.overview()` is asked for the village's name at once.

    Args:
        house: The hub behind the pages.
        accounts: Who may come in.
        clock: For sessions and "3 minutes ago".
        language: `zh` or `en`, where the person did not choose.
        secure: Whether they are served over TLS.
        session_hours: After which a person signs in again.
        allow_passwordless: One-time links may be used without choosing a password (demo).
        metrics_token: With which Prometheus may read `/metrics`; empty asks for a session.
        passwords: Hashing parameters; tests pass cheaper ones.
    """
    app = build_site(
        title=house.overview().village,
        accounts=accounts,
        clock=clock,
        bus=house.bus,
        language=language,
        templates=[HERE / "templates"],
        words=[HERE / "words"],
        cookie=COOKIE,
        secure=secure,
        session_hours=session_hours,
        routers=[
            module.router for module in (home, incidents, speaking, users, books, device, cameras)
        ],
        layout="village.html",
        allow_passwordless=allow_passwordless,
        metrics=house.metrics,
        metrics_token=metrics_token,
        health=house.healthy,
        passwords=passwords,
    )
    app.state.house = house
    app.state.site.templates.globals.update(
        explain=plain.explain,
        looks=plain.looks,
        duration=plain.duration,
        camera_tone=plain.camera_tone,
    )
    return app
