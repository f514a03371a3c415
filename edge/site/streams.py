"""Server-sent events: hints to open pages that something changed, never the thing itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from edge.events import Bus, Change
from edge.people import Right
from edge.site.context import Site, site_of
from edge.site.person import Person

BEAT_S = 15.0
RETRY_MS = 2000


def event_stream(
    request: Request, bus: Bus, person: Person, *, beat_s: float | None = None
) -> StreamingResponse:
    """Send every `Change` as an event named by its topic, with its id as data.

    Every `beat_s` (by default `BEAT_S`) an event `beat` says that the line is alive: a browser
    cannot see comments, and a page must notice a dead 4G link. The stream ends with the bus, with
    the server and when the session is no longer good; the page connects again by itself. Who may
    see some cameras or villages only gets hints without ids.
    """
    site = site_of(request)
    body = _events(site, bus, person, request.cookies.get(site.cookie, ""), beat_s or BEAT_S)
    return StreamingResponse(body, media_type="text/event-stream")


async def _events(
    site: Site, bus: Bus, person: Person, cookie: str, beat_s: float
) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\nevent: beat\ndata:\n\n"
    changes = bus.listen()
    closing = asyncio.ensure_future(site.closing.wait())
    upcoming = asyncio.ensure_future(anext(changes))
    try:
        while True:
            done, _ = await asyncio.wait(
                {upcoming, closing}, timeout=beat_s, return_when=asyncio.FIRST_COMPLETED
            )
            if closing in done:
                return
            if upcoming in done:
                try:
                    change = upcoming.result()
                except StopAsyncIteration:
                    return
                yield _text(change, person)
                upcoming = asyncio.ensure_future(anext(changes))
                continue
            if await run_in_threadpool(site.sessions.recognise, cookie) != person:
                return
            yield "event: beat\ndata:\n\n"
    finally:
        closing.cancel()
        upcoming.cancel()
        await asyncio.gather(closing, upcoming, return_exceptions=True)
        await changes.aclose()  # type: ignore[attr-defined]  # an async generator in fact


def _text(change: Change, person: Person) -> str:
    sees = person.sees_everything and person.has(Right.LOOK)
    id_ = change.id if sees else ""
    clean = "".join(c for c in f"{id_}" if c.isprintable())
    return f"event: {change.topic}\ndata: {clean}\n\n"
