"""Accounts, sessions and links kept in memory, with the lock a database would have."""

from __future__ import annotations

import threading

from edge.people import Account, Session


class FakeAccounts:
    """`edge.site.accounts.Accounts` in its simplest form; `trail` holds what was audited."""

    def __init__(self, *people: Account) -> None:
        self._lock = threading.Lock()
        self._accounts = {account.name: account for account in people}
        self._sessions: dict[str, Session] = {}
        self._invitations: dict[str, tuple[Account, float]] = {}
        self.trail: list[tuple[str, str, str]] = []

    def account(self, name: str) -> Account | None:
        return self._accounts.get(name)

    def accounts(self) -> list[Account]:
        return sorted(self._accounts.values(), key=lambda account: account.name)

    def put_account(self, account: Account) -> None:
        self._accounts[account.name] = account

    def remove_account(self, name: str) -> None:
        self._accounts.pop(name, None)
        self.end_sessions_of(name)

    def session(self, token_hash: str) -> Session | None:
        return self._sessions.get(token_hash)

    def sessions(self) -> list[Session]:
        return list(self._sessions.values())

    def put_session(self, session: Session) -> None:
        self._sessions[session.token_hash] = session

    def remove_session(self, token_hash: str) -> None:
        self._sessions.pop(token_hash, None)

    def end_sessions_of(self, name: str) -> None:
        for token_hash in [h for h, s in self._sessions.items() if s.account == name]:
            del self._sessions[token_hash]

    def put_invitation(self, token_hash: str, account: Account, expires_wall_s: float) -> None:
        self._invitations[token_hash] = (account, expires_wall_s)

    def take_invitation(self, token_hash: str, now_wall_s: float) -> Account | None:
        with self._lock:
            account, expires_wall_s = self._invitations.pop(token_hash, (None, 0.0))
        return account if now_wall_s < expires_wall_s else None

    def audit(self, who: str, action: str, target: str = "") -> None:
        self.trail.append((who, action, target))
