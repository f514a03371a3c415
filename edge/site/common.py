"""Routes that both programs have: liveness, figures, events, and the page of parts."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from edge.people import Role
from edge.site.context import site_of
from edge.site.pages import page
from edge.site.person import Viewer, signed_in
from edge.site.streams import event_stream

router = APIRouter()


@router.get("/healthz")
def healthz(request: Request) -> Response:
    """`ok`, or `failing` with status 503; nothing else is told without a session."""
    good = site_of(request).health()
    return PlainTextResponse("ok" if good else "failing", status_code=200 if good else 503)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Figures for Prometheus; the door has asked for a session or the token."""
    figures = site_of(request).metrics
    if figures is None:
        raise HTTPException(404)
    text = await run_in_threadpool(figures)
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


@router.get("/live")
async def live(request: Request, person: Viewer) -> Response:
    """Hints that something changed, as server-sent events."""
    return event_stream(request, site_of(request).bus, person)


@router.get("/parts", dependencies=[Depends(signed_in(Role.ADMIN))])
def parts(request: Request) -> Response:
    """Each part the pages are made of, on one page."""
    return page(request, "parts_page.html", now=site_of(request).clock.stamp())
