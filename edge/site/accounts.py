"""Who may come in: accounts, sessions and one-time links, as both programs keep them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


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


class Accounts(Protocol):
    """Where accounts and sessions are kept. Every method may block; none may lose a write.

    Errors are `StoreError`.
    """

    def account(self, name: str) -> Account | None: ...

    def accounts(self) -> list[Account]: ...

    def put_account(self, account: Account) -> None:
        """Add or replace."""
        ...

    def remove_account(self, name: str) -> None:
        """Remove a person and end all of his sessions."""
        ...

    def session(self, token_hash: str) -> Session | None: ...

    def put_session(self, session: Session) -> None: ...

    def remove_session(self, token_hash: str) -> None: ...

    def end_sessions_of(self, name: str) -> None: ...

    def put_invitation(self, token_hash: str, account: Account, expires_wall_s: float) -> None:
        """Keep a one-time sign-in link; the account is made or replaced when it is used."""
        ...

    def take_invitation(self, token_hash: str, now_wall_s: float) -> Account | None:
        """Use a one-time link up, atomically; None when it is unknown, used or too old."""
        ...

    def audit(self, who: str, action: str, target: str = "") -> None:
        """Write down who did what."""
        ...
