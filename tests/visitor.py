"""A visitor of a site: sends requests as a browser would, without a network between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from edge.people import Account, Role
from edge.site.context import Site
from edge.site.passwords import Passwords

BASE = "http://hub.test"
QUICK = Passwords(memory_kib=64, passes=1)
"""Hashing that is fast enough for tests."""

OPEN = {"/sign-in", "/welcome/{token}", "/healthz"}


class Visitor:
    """One browser: keeps its cookies, sends its CSRF token with every changing request."""

    def __init__(self, app: FastAPI, *, address: str = "192.0.2.7", page: bool = True) -> None:
        self._app = app
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50000))
        accept = {"accept": "text/html" if page else "*/*"}
        self._client = httpx.AsyncClient(transport=transport, base_url=BASE, headers=accept)
        self.csrf = ""

    @property
    def site(self) -> Site:
        site: Site = self._app.state.site
        return site

    @property
    def cookie(self) -> str:
        return self._client.cookies.get(self.site.cookie) or ""

    def enter(
        self, name: str = "管理员", role: Role = Role.ADMIN, cameras: frozenset[str] | None = None
    ) -> Visitor:
        """Be signed in as this person, who is made if need be."""
        self.site.accounts.put_account(Account(name, role, "", cameras))
        token = self.site.sessions.begin(name)
        self._client.cookies.set(self.site.cookie, token)
        person = self.site.sessions.recognise(token)
        assert person is not None
        self.csrf = person.csrf
        return self

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Post a form, with the token unless the form has a field `csrf` of its own."""
        return self.send("POST", path, data={"csrf": self.csrf} | (data or {}), **more)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._client.request(method, path, **more))


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every (method, path) of an application, with example values in the path."""
    for route in _leaves(app.routes):
        path = route.path
        if path in OPEN:
            continue
        for parameter in route.param_convertors:
            path = path.replace(f"{{{parameter}}}", "x")
        for method in (route.methods or {"GET"}) - {"HEAD"}:
            yield method, path


def _leaves(found: list[BaseRoute]) -> Iterator[Route | APIRoute]:
    for route in found:
        if isinstance(route, Mount):
            assert route.path == "/static", f"{route.path} is mounted: check it by hand"
        elif isinstance(route, Route):
            yield route
        else:
            inner = getattr(route, "routes", None) or getattr(
                getattr(route, "original_router", None), "routes", None
            )
            assert inner, f"{route!r} is not understood"
            yield from _leaves(inner)


def assert_shut(app: FastAPI) -> int:
    """Prove that no route answers somebody without a session; returns how many were tried."""
    tried = 0
    for method, path in routes(app):
        seen = Visitor(app).send(method, path)
        assert seen.status_code == 303, f"{method} {path} answers {seen.status_code} to a stranger"
        assert seen.headers["location"].startswith("/sign-in"), path
        other = Visitor(app, page=False).send(method, path)
        assert other.status_code == 401, f"{method} {path} answers {other.status_code}"
        tried += 1
    return tried
