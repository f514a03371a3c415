"""The staff as plain records: accounts, sessions, roles; kept by the stores, used by the pages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; each role may do all that the one before may."""

    VIEWER = "viewer"
    STAFF = "staff"
    OFFICIAL = "official"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Account:
    """A person of the staff.

    Attributes:
        password_hash: argon2id, or empty until the one-time link was used.
        cameras: Ids this person may see; None means all.
    """

    name: str
    role: Role
    password_hash: str = ""
    cameras: frozenset[str] | None = None


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
