"""Who a program is: its token, what it may read, and what a route may demand of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from edge.clock import Clock
from edge.errors import AccessRefused
from edge.people import Right, Role
from edge.site import Person
from edge.site.person import person_of
from edge.township.store.tokens import Tokens

SCOPES = ("incidents", "cases", "places", "hubs", "announcements", "export")
"""What a token may be good for."""

_MARK = "vht_"
"""So that a token that strayed into a text is recognised as one."""


@dataclass(frozen=True, slots=True)
class Program(Person):
    """Another program, let in at the API by its token; it may look, within its scopes."""

    scopes: frozenset[str] = frozenset()


def new_secret() -> str:
    """A token nobody can guess (256 bits)."""
    return _MARK + secrets.token_urlsafe(32)


def recogniser(tokens: Tokens, clock: Clock) -> Callable[[str], Person | None]:
    """Finds the program whose token an `Authorization` header carries."""

    def recognise(header: str) -> Person | None:
        kind, _, secret = header.partition(" ")
        if kind.lower() != "bearer" or not secret.startswith(_MARK):
            return None
        token = tokens.find(secret.strip(), now=clock.wall())
        if token is None:
            return None
        return Program(
            name=f"#{token.id} {token.name}",
            role=Role.VIEWER,
            csrf="",
            villages=token.villages,
            scopes=token.scopes,
        )

    return recognise


def reading(scope: str) -> Callable[[Request], Person]:
    """A FastAPI dependency: whoever may look, and a program only within this scope.

    Raises (in the request):
        AccessRefused: The right or the scope is missing; becomes 403.
    """

    def demand(request: Request) -> Person:
        person = person_of(request)
        if person is None or not person.has(Right.LOOK):
            raise AccessRefused(f"This needs the right {Right.LOOK.value!r}.")
        if isinstance(person, Program) and scope not in person.scopes:
            raise AccessRefused(f"This needs a token with the scope {scope!r}.")
        return person

    demand.needs = Right.LOOK  # type: ignore[attr-defined]  # read by `needs_of`
    return demand
