"""Putting a site together: the door, the headers, the words, the parts and the given routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from edge.clock import Clock
from edge.errors import AccessRefused, EdgeError
from edge.events import Bus
from edge.site import common, signin
from edge.site.accounts import Accounts
from edge.site.attempts import Attempts
from edge.site.context import Site, words_of
from edge.site.door import Door
from edge.site.headers import SecurityHeaders, security_headers
from edge.site.pages import HERE, STATICS, environment, trouble
from edge.site.passwords import Passwords
from edge.site.person import Person
from edge.site.sessions import Sessions
from edge.site.words import load_words

LARGEST_BODY = 64 * 1024
WINDOW_S = 15 * 60.0


def build_site(
    *,
    title: str,
    accounts: Accounts,
    clock: Clock,
    bus: Bus,
    language: str,
    templates: Sequence[Path],
    words: Sequence[Path],
    cookie: str,
    secure: bool,
    session_hours: int,
    routers: Sequence[APIRouter],
    layout: str = "base.html",
    statics: Sequence[Path] = (),
    allow_passwordless: bool = False,
    metrics: Callable[[], str] | None = None,
    metrics_token: str = "",
    health: Callable[[], bool] = lambda: True,
    passwords: Passwords | None = None,
    largest_body: int = LARGEST_BODY,
    uploads: Mapping[str, int] | None = None,
    image_hosts: Mapping[str, str] | None = None,
    bearer: Callable[[str], Person | None] = lambda _header: None,
) -> FastAPI:
    """Make the web application of one program.

    Args:
        title: Name of village or township, shown on every page.
        accounts: Who may come in.
        clock: For sessions, limits and "3 minutes ago".
        bus: What open pages hear about.
        language: `zh` or `en`, where the person did not choose.
        templates: Folders with the program's own templates; they win over the kit's.
        words: Folders with the program's own `zh.toml` and `en.toml`.
        cookie: Name of the session cookie; each program needs its own, since two programs on one
            box share their cookies. With `secure` it gets the prefix `__Host-`.
        secure: Whether the pages are served over TLS.
        session_hours: After which a person signs in again.
        routers: The program's own pages.
        layout: Template with the program's navigation, in which the kit's own pages are shown.
        statics: Folders with the program's own static files.
        allow_passwordless: One-time links may be used without choosing a password (demo).
        metrics: Gives the text for Prometheus.
        metrics_token: With which Prometheus may read it without a session; empty allows none.
        health: Whether the program is well.
        passwords: Hashing parameters; tests pass cheaper ones.
        largest_body: Bytes of the largest request.
        uploads: More bytes for signed-in people, by the beginning of the path.
        image_hosts: Another host (`https://name:port`) that a page may show pictures of, by path.
        bearer: Finds the program whose token an `Authorization` header carries, below `/api/`.

    Raises:
        StartError: A words file cannot be read.
    """
    folders = (*statics, STATICS)
    site = Site(
        title=title,
        accounts=accounts,
        sessions=Sessions(accounts, clock, hours=session_hours),
        passwords=passwords or Passwords(),
        clock=clock,
        bus=bus,
        language=language,
        words=load_words([HERE / "words", *words]),
        templates=environment(templates, folders),
        cookie=f"__Host-{cookie}" if secure else cookie,
        secure=secure,
        session_hours=session_hours,
        allow_passwordless=allow_passwordless,
        metrics=metrics,
        metrics_token=metrics_token,
        health=health,
        by_account=Attempts(allowed=5, window_s=WINDOW_S),
        by_address=Attempts(allowed=30, window_s=WINDOW_S),
        bearer=bearer,
    )
    app = FastAPI(
        title=title,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[
            Middleware(SecurityHeaders, secure=secure, image_hosts=image_hosts),
            Middleware(Door, site=site, largest_body=largest_body, uploads=uploads),
        ],
    )
    app.state.site = site
    site.templates.globals["layout"] = layout
    app.mount("/static", _Statics(folders), name="static")
    for router in (signin.router, common.router, *routers):
        app.include_router(router)
    _explain_troubles(app, secure=secure)
    return app


class _Statics(StaticFiles):
    """Files of several folders; their addresses carry a version, so browsers may keep them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__(directory=folders[0])
        self.all_directories = list(folders)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def _explain_troubles(app: FastAPI, *, secure: bool) -> None:
    """Every failure becomes a sentence and what to do about it."""

    async def by_status(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return trouble(request, status, _sentence(request, status))

    async def invalid(request: Request, _: Exception) -> Response:
        return trouble(request, 422, _sentence(request, 422))

    async def refused(request: Request, _: Exception) -> Response:
        return trouble(request, 403, _sentence(request, 403))

    async def failed(request: Request, error: Exception) -> Response:
        return trouble(request, 503, str(error))

    async def unforeseen(request: Request, _: Exception) -> Response:
        # This one is made outside of our middleware, so it is dressed here.
        response = trouble(request, 500, _sentence(request, 500))
        response.headers.update(security_headers(secure=secure) | {"cache-control": "no-store"})
        return response

    app.add_exception_handler(HTTPException, by_status)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(AccessRefused, refused)
    app.add_exception_handler(EdgeError, failed)
    app.add_exception_handler(Exception, unforeseen)


def _sentence(request: Request, status: int) -> str:
    known = status if status in {403, 404, 422} else (500 if status >= 500 else 422)
    return words_of(request).name("trouble_status", known)
