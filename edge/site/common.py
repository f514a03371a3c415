"""Routes that both programs have: liveness, figures, events, and the page of parts."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from edge.errors import AccessRefused
from edge.people import Right, Role
from edge.site.context import site_of
from edge.site.pages import page
from edge.site.person import Anybody, person_of, signed_in
from edge.site.streams import event_stream

router = APIRouter()


@router.get("/healthz")
def healthz(request: Request) -> Response:
    """`ok`, or `failing` with status 503; nothing else is told without a session."""
    good = site_of(request).health()
    return PlainTextResponse("ok" if good else "failing", status_code=200 if good else 503)


def _may_read_figures(request: Request) -> None:
    """Figures name every camera and village: a session needs the right to all of them.

    Nobody is signed in where Prometheus showed its token at the door.
    """
    person = person_of(request)
    if person is not None and not (person.has(Right.FIGURES) and person.sees_everything):
        raise AccessRefused(f"This needs the right {Right.FIGURES.value!r}.")


_may_read_figures.needs = Right.FIGURES  # type: ignore[attr-defined]  # as `holding` does


@router.get("/metrics", dependencies=[Depends(_may_read_figures)])
async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    figures = site_of(request).metrics
    if figures is None:
        raise HTTPException(404)
    text = await run_in_threadpool(figures)
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


@router.get("/live")
async def live(request: Request, person: Anybody) -> Response:
    """Hints that something changed, as server-sent events."""
    return event_stream(request, site_of(request).bus, person)


@router.get("/parts", dependencies=[Depends(signed_in(Role.ADMIN))])
def parts(request: Request) -> Response:
    """Each part the pages are made of, on one page."""
    return page(request, "parts_page.html", now=site_of(request).clock.stamp())
