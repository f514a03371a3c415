"""What leaves the township besides its pages: reports, the API and webhooks, by the settings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from edge.errors import EdgeError
from edge.settings.schema import TownshipSettings
from edge.site.words import load_words
from edge.township.api import pages as token_pages
from edge.township.api import routes as api
from edge.township.api.problems import Problems
from edge.township.rates import CameraFact, cameras_of
from edge.township.reports import pages as report_pages
from edge.township.reports.press import Plan, Press
from edge.township.store.listing import Listing
from edge.township.web.rooms import Room
from edge.township.webhooks import pages as webhook_pages
from edge.township.webhooks.egress import Guard
from edge.township.webhooks.mailroom import Mailroom

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
PARTS = HERE / "reports", HERE / "api", HERE / "webhooks"
TEMPLATES = [part / "templates" for part in PARTS]
WORDS = [part / "words" for part in PARTS]
STATICS = [HERE / "reports" / "static"]
ROUTERS = [report_pages.router, api.router, token_pages.router, webhook_pages.router]
PRESS_EVERY_S, MAIL_EVERY_S = 10.0, 2.0


def furnish(app: FastAPI, room: Room, settings: TownshipSettings) -> None:
    """Give the routes what they work with; nothing is started.

    Raises:
        StartError: The settings name a network that is none.
    """
    app.state.press = _press(room, settings)
    app.state.listing = Listing(room.store.database)
    app.state.mailroom = Mailroom(
        room.store.letters,
        room.clock,
        settings.state.folder / "webhooks",
        Guard(settings.webhooks.private_networks),
        keep_days=settings.webhooks.keep_days,
    )
    app.add_middleware(Problems)


@asynccontextmanager
async def working(app: FastAPI) -> AsyncIterator[None]:
    """Make reports and deliver letters while this is open."""
    press: Press = app.state.press
    mailroom: Mailroom = app.state.mailroom
    tasks = [
        asyncio.create_task(_again(press.run_once, PRESS_EVERY_S), name="reports"),
        asyncio.create_task(_again(mailroom.run_once, MAIL_EVERY_S), name="letters"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _press(room: Room, settings: TownshipSettings) -> Press:
    def cameras() -> list[CameraFact]:
        hubs, after_s = room.store.hubs(), settings.link.offline_after_s
        return cameras_of(hubs, now=room.clock.wall(), offline_after_s=after_s)

    kit = HERE.parent / "site" / "words"
    words = load_words([kit, HERE / "web" / "words", *WORDS])[settings.township.language]
    return Press(
        room.store.reporting,
        room.clock,
        settings.state.folder / "reports",
        words=words,
        township=settings.township.name,
        deadlines=room.deadlines,
        cameras=cameras,
        plan=Plan(settings.reports.hour, settings.reports.keep_days),
    )


async def _again(work: Callable[[], bool], every_s: float) -> None:
    """Work until there is nothing to do, then wait; a failure is said and tried again."""
    while True:
        try:
            while await asyncio.to_thread(work):
                continue
        except EdgeError as error:
            log.warning("work outside failed reason=%r", str(error))
        await asyncio.sleep(every_s)
