"""The page of webhooks: who is told, what could not be delivered, and sending it again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from edge.errors import EgressRefused
from edge.people import Right
from edge.site import Person, holding_for_all, page
from edge.township.store.letters import DEAD, NAMES, SENT, WAITING
from edge.township.web.rooms import InRoom
from edge.township.webhooks.mailroom import Mailroom

router = APIRouter()
Keeper = Annotated[Person, Depends(holding_for_all(Right.PEOPLE))]
Several = Annotated[list[str], Form(max_length=100)]
Hook = Annotated[int, Form(ge=1, le=2**53)]


def _mailroom_of(request: Request) -> Mailroom:
    mailroom: Mailroom = request.app.state.mailroom
    return mailroom


InMailroom = Annotated[Mailroom, Depends(_mailroom_of)]


@router.get("/webhooks")
def webhooks(request: Request, mailroom: InMailroom, _person: Keeper) -> Response:
    return _page(request, mailroom)


@router.post("/webhooks")
def add(
    request: Request,
    mailroom: InMailroom,
    person: Keeper,
    url: Annotated[str, Form(min_length=1, max_length=500)],
    names: Several = [],  # noqa: B006 - never changed
) -> Response:
    """Add an address; its secret is shown on this page only. Nothing chosen means everything."""
    if not set(names) <= set(NAMES):
        raise HTTPException(422)
    try:
        number, secret = mailroom.add(url.strip(), names, by=person.name)
    except EgressRefused as refusal:
        return _page(request, mailroom, status=422, problem=str(refusal))
    return _page(request, mailroom, secret=secret, made=number)


@router.post("/webhooks/switch")
def switch(
    room: InRoom, mailroom: InMailroom, person: Keeper, hook: Hook, on: Annotated[bool, Form()]
) -> Response:
    now = room.clock.wall()
    return _back(mailroom.letters.switch(hook, on=on, by=person.name, now=now))


@router.post("/webhooks/test")
def test(room: InRoom, mailroom: InMailroom, person: Keeper, hook: Hook) -> Response:
    """Write a letter that says nothing but that letters arrive."""
    if hook not in {one.id for one in mailroom.letters.hooks()}:
        raise HTTPException(404)
    now = room.clock.wall()
    mailroom.letters.add_letter(hook, "test", {"words": "测试 test"}, now=now)
    room.store.people.audit(person.name, "test_webhook", f"#{hook}")
    return _back(True)


@router.post("/webhooks/remove")
def remove(mailroom: InMailroom, person: Keeper, hook: Hook) -> Response:
    return _back(mailroom.remove(hook, by=person.name))


@router.post("/webhooks/resend")
def resend(
    room: InRoom,
    mailroom: InMailroom,
    person: Keeper,
    letter: Annotated[int, Form(ge=1, le=2**53)],
) -> Response:
    """Try a letter again that was given up."""
    return _back(mailroom.letters.resend(letter, by=person.name, now=room.clock.wall()))


def _back(done: bool) -> Response:
    if not done:
        raise HTTPException(404)
    return RedirectResponse("/webhooks", status_code=303)


def _page(request: Request, mailroom: Mailroom, *, status: int = 200, **told: Any) -> Response:
    nothing = {"secret": "", "made": 0, "problem": ""}
    counts, hooks = mailroom.letters.counts(), mailroom.letters.hooks()
    return page(
        request,
        "webhooks.html",
        status=status,
        **nothing
        | {
            "hooks": hooks,
            "urls": {one.id: one.url for one in hooks},
            "count": lambda hook, state: counts.get((hook, state), 0),
            "dead": mailroom.letters.dead(),
            "names": NAMES,
            "states": (SENT, WAITING, DEAD),
        }
        | told,
    )
