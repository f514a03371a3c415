"""Who is looking at a page: the person, and what a route may demand of him."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from edge.errors import AccessRefused
from edge.people import Right, Role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in.

    Attributes:
        csrf: Token that his changing requests must carry.
        cameras: Ids he may see; None means all.
        villages: Codes of the villages he has to do with; None means all.
    """

    name: str
    role: Role
    csrf: str
    cameras: frozenset[str] | None = None
    villages: frozenset[str] | None = None

    @property
    def sees_everything(self) -> bool:
        """Whether nothing is kept from him by camera or village."""
        return self.cameras is None and self.villages is None

    def may(self, role: Role) -> bool:
        return self.role.may(role)

    def has(self, right: Right | str) -> bool:
        """Whether his role comes with a right; for templates also by the right's name."""
        return self.role.has(Right(right))

    def sees(self, camera: str) -> bool:
        """Whether he may see this camera and what happened before it."""
        return self.cameras is None or camera in self.cameras


def person_of(request: Request) -> Person | None:
    """The person the door let in; None on the open pages."""
    person = getattr(request.state, "person", None)
    return person if isinstance(person, Person) else None


def signed_in(role: Role = Role.VIEWER) -> Callable[[Request], Person]:
    """A FastAPI dependency: the person, if he has at least this role.

    Raises (in the request):
        AccessRefused: Nobody is signed in, or his role is too low; becomes 403.
    """

    def demand(request: Request) -> Person:
        person = person_of(request)
        if person is None or not person.may(role):
            raise AccessRefused(f"This needs the role {role.value!r}.")
        return person

    demand.needs = role  # type: ignore[attr-defined]  # read by `needs_of`
    return demand


def holding(right: Right) -> Callable[[Request], Person]:
    """A FastAPI dependency: the person, if his role comes with this right.

    Which villages he may use it in is the business of every query.

    Raises (in the request):
        AccessRefused: Nobody is signed in, or the right is missing; becomes 403.
    """

    def demand(request: Request) -> Person:
        person = person_of(request)
        if person is None or not person.has(right):
            raise AccessRefused(f"This needs the right {right.value!r}.")
        return person

    demand.needs = right  # type: ignore[attr-defined]  # read by `needs_of`
    return demand


def holding_for_all(right: Right) -> Callable[[Request], Person]:
    """As `holding`, for what touches every village: who has to do with some only is refused."""
    alone = holding(right)

    def demand(request: Request) -> Person:
        person = alone(request)
        if not person.sees_everything:
            raise AccessRefused(f"This needs the right {right.value!r}.")
        return person

    demand.needs = right  # type: ignore[attr-defined]  # read by `needs_of`
    return demand


def needs_of(dependency: object) -> Role | Right | None:
    """What `signed_in` or `holding` made this dependency demand; None for any other callable."""
    needs = getattr(dependency, "needs", None)
    return needs if isinstance(needs, Role | Right) else None


Anybody = Annotated[Person, Depends(holding(Right.ENTER))]
"""Whoever is signed in, grid members as well."""
Viewer = Annotated[Person, Depends(signed_in(Role.VIEWER))]
Staff = Annotated[Person, Depends(signed_in(Role.STAFF))]
Official = Annotated[Person, Depends(signed_in(Role.OFFICIAL))]
Admin = Annotated[Person, Depends(signed_in(Role.ADMIN))]
