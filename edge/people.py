"""The staff as plain records: accounts, sessions, roles and rights; shared by stores and pages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """One thing a person may do; every route of the township asks for one of them."""

    ENTER = "enter"
    """Be signed in: sign out, be told that something changed."""
    LOOK = "look"
    """See alerts, cases, villages, receipts and the map of one's own villages."""
    HANDLE = "handle"
    """Take alerts, dispatch and close cases, hand a shift over."""
    FIELD = "field"
    """Work on the cases that are assigned to oneself: accept, photograph, report."""
    SPEAK = "speak"
    """Speak through loudspeakers."""
    ROSTER = "roster"
    """Write the duty roster."""
    PLACES = "places"
    """Write villages, grids and cameras."""
    PEOPLE = "people"
    """Invite people, give them roles and villages, remove them."""
    AUDIT = "audit"
    """Read who did what."""
    FIGURES = "figures"
    """Read the figures of all villages and cameras as Prometheus does."""


class Role(StrEnum):
    """What a person is.

    From viewer to administrator each role may do all that the one before may. A grid member
    (网格员) stands beside them and sees only what was given to him; an auditor sees all that a
    viewer sees, and the audit log, and changes nothing.
    """

    VIEWER = "viewer"
    STAFF = "staff"
    MONITOR = "staff"
    """The name for staff at the township's screens (监控员); the same role."""
    OFFICIAL = "official"
    ADMIN = "admin"
    GRID_MEMBER = "grid_member"
    AUDITOR = "auditor"

    def may(self, needed: Role) -> bool:
        """Whether this role may do what is open to `needed`."""
        if self is needed:
            return True
        ladder = (Role.VIEWER, Role.STAFF, Role.OFFICIAL, Role.ADMIN)
        if needed not in ladder:
            return False
        own = Role.VIEWER if self is Role.AUDITOR else self
        return own in ladder and ladder.index(own) >= ladder.index(needed)

    def has(self, right: Right) -> bool:
        """Whether this role comes with a right."""
        return right in RIGHTS[self]


_VIEWER = frozenset({Right.ENTER, Right.LOOK})
_STAFF = _VIEWER | {Right.HANDLE}
RIGHTS = {
    Role.VIEWER: _VIEWER,
    Role.STAFF: _STAFF,
    Role.OFFICIAL: _STAFF | {Right.SPEAK, Right.ROSTER},
    Role.ADMIN: frozenset(Right),
    Role.GRID_MEMBER: frozenset({Right.ENTER, Right.FIELD}),
    Role.AUDITOR: _VIEWER | {Right.AUDIT, Right.FIGURES},
}
"""What each role may do; in which villages, the account says."""

HUB_ROLES = (Role.VIEWER, Role.STAFF, Role.OFFICIAL, Role.ADMIN)
"""Roles that mean something on a village's box."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person of the staff.

    Attributes:
        password_hash: argon2id, or empty until the one-time link was used.
        cameras: Ids this person may see; None means all.
        villages: Codes (12 digits) of the villages this person has to do with; None means all.
            Only the township knows of them.
    """

    name: str
    role: Role
    password_hash: str = ""
    cameras: frozenset[str] | None = None
    villages: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser.

    Attributes:
        token_hash: SHA-256 of the cookie; the cookie itself is kept nowhere.
        csrf: Token every changing request must carry.
        created_wall_s, expires_wall_s: Unix seconds.
    """

    token_hash: str
    account: str
    csrf: str
    created_wall_s: float
    expires_wall_s: float
