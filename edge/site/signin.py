"""Coming in and going out: sign-in, sign-out and the one-time link."""

from __future__ import annotations

import logging
import math
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from edge.site import passwords
from edge.site.attempts import neighbourhood
from edge.site.context import Site, site_of, words_of
from edge.site.invitations import accept
from edge.site.pages import local_path, page, trouble
from edge.site.person import Anybody, person_of

log = logging.getLogger(__name__)
router = APIRouter()

Field = Annotated[str, Form()]


@router.get("/sign-in")
def show_sign_in(request: Request, next: str = "/") -> Response:  # noqa: A002 - name in the address
    if person_of(request):
        return RedirectResponse(local_path(next), status_code=303)
    return page(request, "sign_in.html", next=local_path(next), account="", problem="")


@router.post("/sign-in")
async def sign_in(
    request: Request,
    account: Field = "",
    password: Field = "",
    next: Field = "/",  # noqa: A002 - name of the form field
) -> Response:
    site, there, name = site_of(request), local_path(next), account.strip()[:64]
    if wait_s := _too_often(site, request, name):
        sentence = words_of(request).t("signin.wait", minutes=math.ceil(wait_s / 60))
        return page(request, "sign_in.html", status=429, next=there, account=name, problem=sentence)
    if not await _is_right(site, name, password):
        log.info("signin=refused account=%r address=%s", name, _address(request))
        sentence = words_of(request).t("signin.wrong")
        return page(request, "sign_in.html", status=401, next=there, account=name, problem=sentence)
    site.by_account.forget(name)
    await run_in_threadpool(site.accounts.audit, name, "sign_in", _address(request))
    response = RedirectResponse(there, status_code=303)
    await _begin(site, request, response, name)
    return response


@router.post("/sign-out")
def sign_out(request: Request, person: Anybody) -> Response:
    site = site_of(request)
    site.sessions.end(request.cookies.get(site.cookie, ""))
    site.accounts.audit(person.name, "sign_out")
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(site.cookie, secure=site.secure, httponly=True, samesite="lax")
    return response


@router.get("/welcome/{token}")
def show_welcome(request: Request, token: str) -> Response:
    """The form of a one-time link; looking at it does not use it up."""
    return _welcome(request, token)


@router.post("/welcome/{token}")
async def welcome(
    request: Request, token: str, password: Field = "", again: Field = "", enter: Field = ""
) -> Response:
    """Use the link up: make the account, begin its session."""
    site, t = site_of(request), words_of(request).t
    if wait_s := site.by_address.enter(_neighbour(request), site.clock.monotonic()):
        return trouble(request, 429, t("signin.wait", minutes=math.ceil(wait_s / 60)))
    without = bool(enter) and site.allow_passwordless
    if not without and (problem := _weakness(password, again)):
        sentence = t(problem, least=passwords.SHORTEST, most=passwords.LONGEST)
        return _welcome(request, token, sentence, status=422)
    hashed = "" if without else await _hash(site, password)
    account = await run_in_threadpool(accept, site.accounts, site.clock, token, hashed)
    if account is None:
        return trouble(request, 410, t("welcome.gone"))
    response: Response = RedirectResponse("/", status_code=303)
    if not without:
        response = page(request, "welcomed.html", account=account.name)
    await _begin(site, request, response, account.name)
    return response


def _welcome(request: Request, token: str, problem: str = "", *, status: int = 200) -> Response:
    return page(
        request,
        "welcome.html",
        status=status,
        token=token,
        problem=problem,
        least=passwords.SHORTEST,
        passwordless=site_of(request).allow_passwordless,
    )


def _weakness(password: str, again: str) -> str:
    """Key of the sentence that says what is wrong with a new password; empty if nothing is."""
    if len(password) < passwords.SHORTEST:
        return "welcome.too_short"
    if len(password) > passwords.LONGEST:
        return "welcome.too_long"
    return "welcome.differ" if password != again else ""


def _too_often(site: Site, request: Request, name: str) -> float:
    now = site.clock.monotonic()
    return site.by_address.enter(_neighbour(request), now) or site.by_account.enter(name, now)


async def _is_right(site: Site, name: str, password: str) -> bool:
    known = await run_in_threadpool(site.accounts.account, name)
    stored = known.password_hash if known else ""
    async with site.hashing:
        right = await run_in_threadpool(site.passwords.match, stored, password)
    return right and known is not None


async def _hash(site: Site, password: str) -> str:
    async with site.hashing:
        return await run_in_threadpool(site.passwords.hash, password)


async def _begin(site: Site, request: Request, response: Response, name: str) -> None:
    before = request.cookies.get(site.cookie, "")
    token = await run_in_threadpool(lambda: site.sessions.begin(name, instead_of=before))
    response.set_cookie(
        site.cookie,
        token,
        max_age=site.session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=site.secure,
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _neighbour(request: Request) -> str:
    return neighbourhood(_address(request))
