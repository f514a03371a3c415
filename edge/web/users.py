"""The people who may come in: who they are, a link for a new one, what each may do and see."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from edge.errors import AccessRefused
from edge.people import Account, Role
from edge.site import Admin, Person, invite, page, site_of, words_of
from edge.web.sight import house_of

router = APIRouter(prefix="/users")

ROLES = (Role.VIEWER, Role.STAFF, Role.ADMIN)
DONE = ("removed", "changed")
Names = Annotated[list[str], Form()]


@router.get("")
def show_users(request: Request, person: Admin, done: str = "") -> Response:
    return _page(request, person, done=done if done in DONE else "")


@router.post("/invite")
def invite_user(
    request: Request,
    person: Admin,
    *,
    account: Annotated[str, Form()] = "",
    role: Annotated[Role, Form()] = Role.STAFF,
    cameras: Names = [],  # noqa: B006 - FastAPI copies it
    every_camera: Annotated[str, Form()] = "",
) -> Response:
    """Make a one-time link; it is shown once, here, since only its hash is kept."""
    site = site_of(request)
    known = site.accounts.account(account.strip())
    if known is not None and not _spared(site.accounts.accounts(), known, role):
        return _problem(request, person, "users.last_admin")
    try:
        link = invite(
            site.accounts,
            site.clock,
            account,
            role,
            str(request.base_url),
            cameras=_sight(cameras, every_camera),
        )
    except AccessRefused:
        return _problem(request, person, "users.bad_name")
    site.accounts.audit(person.name, "invite", account.strip())
    return _page(request, person, link=link, invited=account.strip())


@router.post("/change")
def change_user(
    request: Request,
    person: Admin,
    *,
    account: Annotated[str, Form()],
    role: Annotated[Role, Form()],
    cameras: Names = [],  # noqa: B006 - FastAPI copies it
    every_camera: Annotated[str, Form()] = "",
) -> Response:
    accounts = site_of(request).accounts
    known = accounts.account(account)
    if known is None:
        return _problem(request, person, "users.unknown")
    if not _spared(accounts.accounts(), known, role):
        return _problem(request, person, "users.last_admin")
    accounts.put_account(replace(known, role=role, cameras=_sight(cameras, every_camera)))
    accounts.audit(person.name, "change_user", account)
    return RedirectResponse("/users?done=changed", status_code=303)


@router.post("/remove")
def remove_user(request: Request, person: Admin, account: Annotated[str, Form()]) -> Response:
    accounts = site_of(request).accounts
    if account == person.name:
        return _problem(request, person, "users.yourself")
    accounts.remove_account(account)
    accounts.audit(person.name, "remove_user", account)
    return RedirectResponse("/users?done=removed", status_code=303)


def _sight(cameras: list[str], every_camera: str) -> frozenset[str] | None:
    """What was ticked; who has nothing ticked sees nothing, never everything."""
    return None if every_camera else frozenset(cameras)


def _spared(everybody: list[Account], known: Account, role: Role) -> bool:
    """Whether somebody can still look after the accounts when this one gets the role."""
    others = [a for a in everybody if a.role is Role.ADMIN and a.name != known.name]
    return role is Role.ADMIN or known.role is not Role.ADMIN or bool(others)


def _problem(request: Request, person: Person, key: str) -> Response:
    return _page(request, person, status=422, problem=words_of(request).t(key))


def _page(request: Request, person: Person, *, status: int = 200, **more: Any) -> Response:
    context = {"done": "", "link": "", "invited": "", "problem": ""} | more
    return page(
        request,
        "users.html",
        status=status,
        people=site_of(request).accounts.accounts(),
        me=person.name,
        roles=ROLES,
        cameras=house_of(request).overview().cameras,
        **context,
    )
