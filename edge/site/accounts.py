"""Who may come in: accounts, sessions and one-time links, as both programs keep them."""

from __future__ import annotations

from typing import Protocol

from edge.people import Account, Role, Session

__all__ = ["Account", "Accounts", "Role", "Session"]


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
