"""Signed-in browsers: begun with a random cookie of which only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets

from edge.clock import Clock
from edge.people import Session
from edge.site.accounts import Accounts
from edge.site.person import Person

SKEW_S = 300.0


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Begins, recognises and ends sessions. Every method may block on the store."""

    def __init__(self, accounts: Accounts, clock: Clock, *, hours: float) -> None:
        self._accounts = accounts
        self._clock = clock
        self._lasts_s = hours * 3600

    def begin(self, name: str, *, instead_of: str = "") -> str:
        """Start a session for a known account and return its cookie.

        Args:
            name: Of the account.
            instead_of: Cookie the browser had before; that session ends (rotation).
        """
        self.end(instead_of)
        token, now = secrets.token_urlsafe(32), self._clock.wall()
        self._accounts.put_session(
            Session(digest(token), name, secrets.token_urlsafe(32), now, now + self._lasts_s)
        )
        return token

    def recognise(self, token: str) -> Person | None:
        """Whose cookie this is; None when unknown, ended, too old, or the person is gone."""
        if not token:
            return None
        session = self._accounts.session(digest(token))
        if session is None:
            return None
        now = self._clock.wall()
        # A session from the future was begun on a wrong clock and would outlive its hours.
        if not session.created_wall_s - SKEW_S <= now < session.expires_wall_s:
            self._accounts.remove_session(session.token_hash)
            return None
        account = self._accounts.account(session.account)
        if account is None:
            return None
        return Person(account.name, account.role, session.csrf, account.cameras, account.villages)

    def end(self, token: str) -> None:
        if token:
            self._accounts.remove_session(digest(token))
