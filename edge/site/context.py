"""What one site is made of, as every request finds it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jinja2
from fastapi import Request

from edge.clock import Clock
from edge.events import Bus
from edge.site.accounts import Accounts
from edge.site.attempts import Attempts
from edge.site.passwords import Passwords
from edge.site.person import Person
from edge.site.sessions import Sessions
from edge.site.words import Words

LANGUAGE_COOKIE = "language"


@dataclass(frozen=True, slots=True)
class Site:
    """The parts of a site that its routes share.

    Attributes:
        closing: Set when the server stops, so that open event streams end.
        bearer: Finds the program whose token an `Authorization` header carries.
        hashing: Two passwords at a time: hashing must not take the whole box.
    """

    title: str
    accounts: Accounts
    sessions: Sessions
    passwords: Passwords
    clock: Clock
    bus: Bus
    language: str
    words: Mapping[str, Words]
    templates: jinja2.Environment
    cookie: str
    secure: bool
    session_hours: int
    allow_passwordless: bool
    metrics: Callable[[], str] | None
    metrics_token: str
    health: Callable[[], bool]
    by_account: Attempts
    by_address: Attempts
    bearer: Callable[[str], Person | None] = lambda _header: None
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))


def site_of(request: Request) -> Site:
    """The site a request is for."""
    site: Site = request.app.state.site
    return site


def language_of(request: Request) -> str:
    """The language to answer in: `?language=`, then the cookie, then the setting."""
    site = site_of(request)
    for wish in (request.query_params.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
        if wish is not None and wish in site.words:
            return wish
    return site.language


def words_of(request: Request) -> Words:
    """The words a request is answered in."""
    return site_of(request).words[language_of(request)]
