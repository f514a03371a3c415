"""Speaking to the village now, and the receipts of everything that was said."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from edge.site import Person, Staff, Viewer, page, words_of
from edge.site.pages import local_path
from edge.web.sight import house_of, overview_for, plays_for

LONGEST = 200
MOST_REPEATS = 3
router = APIRouter()


@router.get("/say")
def show_say(request: Request, person: Staff, sent: str = "") -> Response:
    return _page(request, person, sent=sent[:64])


@router.post("/say")
def say(
    request: Request,
    person: Staff,
    text: Annotated[str, Form()] = "",
    repeat: Annotated[int, Form()] = 1,
    chime: Annotated[str, Form()] = "",
) -> Response:
    words = " ".join(text.split())
    if problem := _problem(words):
        sentence = words_of(request).t(problem, most=LONGEST)
        return _page(request, person, status=422, problem=sentence, text=text)
    times = min(max(repeat, 1), MOST_REPEATS)
    sent = house_of(request).say(words, person.name, repeat=times, chime=bool(chime))
    return RedirectResponse(f"/say?sent={sent}", status_code=303)


@router.get("/say/{announcement}")
def outcome(request: Request, person: Staff, announcement: str) -> Response:
    return page(request, "_outcome.html", **_outcome(request, person, announcement))


@router.post("/stop")
def stop(
    request: Request,
    person: Staff,
    announcement: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    house_of(request).stop(announcement or None, person.name)
    return RedirectResponse(local_path(back), status_code=303)


@router.get("/plays")
def show_plays(request: Request, person: Viewer) -> Response:
    return page(request, "plays.html", plays=plays_for(house_of(request).store, person))


@router.get("/plays/list")
def list_plays(request: Request, person: Viewer) -> Response:
    return page(request, "_plays.html", plays=plays_for(house_of(request).store, person))


def _page(
    request: Request,
    person: Person,
    *,
    sent: str = "",
    status: int = 200,
    problem: str = "",
    text: str = "",
) -> Response:
    return page(
        request,
        "say.html",
        status=status,
        problem=problem,
        text=text,
        longest=LONGEST,
        repeats=range(1, MOST_REPEATS + 1),
        **_outcome(request, person, sent),
    )


def _outcome(request: Request, person: Person, announcement: str) -> dict[str, Any]:
    house = house_of(request)
    speakers = overview_for(house, person).speakers
    return {
        "sent": announcement,
        "receipts": [p for p in house.store.plays(100) if p.announcement == announcement]
        if announcement
        else [],
        "playing": [s for s in speakers if s.playing],
        "waiting": sum(s.queue for s in speakers),
        "back": f"/say?sent={announcement}" if announcement else "/say",
        "speakers": speakers,
    }


def _problem(words: str) -> str:
    """Key of the sentence that says what is wrong with the words; empty if nothing is."""
    if not words:
        return "say.nothing"
    if len(words) > LONGEST:
        return "say.too_long"
    return "" if words.isprintable() else "say.unspeakable"
