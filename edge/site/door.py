"""The door: nothing but sign-in, one-time links, liveness and static files opens without a session.

It stands before the routes, so that a route somebody forgot to guard, or one that does not exist,
stays shut as well. Changing requests must come from our own pages and carry the person's token.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.errors import StoreError
from edge.site.context import Site, words_of
from edge.site.pages import trouble, wants_page
from edge.site.person import Person

OPEN_PAGES = ("/sign-in", "/healthz")
OPEN_FOLDERS = ("/welcome/", "/static/")
PROGRAMS = "/api/"
"""Here other programs come in with a token instead of a session."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_SECONDS = 30.0


class Door:
    """ASGI middleware: recognises the person, refuses everybody else, bounds and checks bodies."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        site: Site,
        largest_body: int,
        uploads: Mapping[str, int] | None = None,
    ) -> None:
        """Stand before `app`.

        Args:
            app: The routes.
            site: What they share.
            largest_body: Bytes of the largest request.
            uploads: More for signed-in people, by the beginning of the path.
        """
        self._app = app
        self._uploads = dict(uploads or {})
        self._site = site
        self._largest_body = largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        try:
            refusal = await self._recognise(request)
        except StoreError as error:
            refusal = PlainTextResponse(words_of(request).plain(error), status_code=503)
        if refusal is None and request.method not in SAFE_METHODS:
            body = await self._body(request)
            refusal = body if isinstance(body, Response) else self._forged(request, body)
            if isinstance(body, bytes):
                receive = _replay(body, receive)
        await (refusal or self._app)(scope, receive, send)

    async def _recognise(self, request: Request) -> Response | None:
        path = request.url.path
        request.state.person = None
        if path == "/healthz" or path.startswith("/static/"):
            return None
        person = await run_in_threadpool(self._who, request)
        request.state.person = person
        if person or path in OPEN_PAGES or path.startswith(OPEN_FOLDERS) or self._scraper(request):
            return None
        return _refused(request)

    def _who(self, request: Request) -> Person | None:
        """The program that shows a token at the API, or the person of the session."""
        token = request.headers.get("authorization")
        if token is not None and request.url.path.startswith(PROGRAMS):
            return self._site.bearer(token)
        return self._site.sessions.recognise(request.cookies.get(self._site.cookie, ""))

    def _scraper(self, request: Request) -> bool:
        """Whether Prometheus asks, with its token."""
        token, given = self._site.metrics_token, request.headers.get("authorization", "")
        return (
            request.url.path == "/metrics"
            and request.method == "GET"
            and bool(token)
            and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
        )

    async def _body(self, request: Request) -> bytes | Response:
        body, most = bytearray(), self._most(request)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        return trouble(request, 413, words_of(request).t("trouble.too_large"))
        except TimeoutError:
            return trouble(request, 408, words_of(request).t("trouble.too_slow"))
        return bytes(body)

    def _most(self, request: Request) -> int:
        if request.state.person is None:
            return self._largest_body
        path = request.url.path
        wider = (most for start, most in self._uploads.items() if path.startswith(start))
        return max(self._largest_body, *wider, 0)

    def _forged(self, request: Request, body: bytes) -> Response | None:
        person: Person | None = request.state.person
        if _cross_site(request):
            return trouble(request, 403, words_of(request).t("trouble.forged"))
        if person is None or request.url.path in OPEN_PAGES:
            return None
        if request.url.path.startswith(OPEN_FOLDERS):
            return None
        if hmac.compare_digest(_token(request, body).encode(), person.csrf.encode()):
            return None
        return trouble(request, 403, words_of(request).t("trouble.forged"))


def _refused(request: Request) -> Response:
    if wants_page(request):
        here = request.url.path if request.method == "GET" else "/"
        if request.method == "GET" and request.url.query:
            here = f"{here}?{request.url.query}"
        there = "/sign-in" if here == "/" else f"/sign-in?next={quote(here, safe='/')}"
        return RedirectResponse(there, status_code=303)
    return PlainTextResponse(
        words_of(request).t("trouble.signed_out"), 401, headers={"hx-redirect": "/sign-in"}
    )


def _cross_site(request: Request) -> bool:
    """Whether a browser says that another site sent this request."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")


def _token(request: Request, body: bytes) -> str:
    """The token a changing request carries: in the header, or in the form field `csrf`."""
    if (header := request.headers.get("x-csrf-token")) is not None:
        return header
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return ""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=200)
    except ValueError:
        return ""
    return fields.get("csrf", [""])[0]


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again
