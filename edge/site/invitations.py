"""One-time links: how the first person, and every other one, gets in without a default password."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace

from edge.clock import Clock
from edge.errors import AccessRefused
from edge.people import Account, Role
from edge.site.accounts import Accounts
from edge.site.sessions import digest

LASTS_S = 24 * 3600.0
_NAME = re.compile(r"\w[\w .@-]{0,31}")


def invite(
    accounts: Accounts,
    clock: Clock,
    name: str,
    role: Role,
    base_url: str,
    *,
    cameras: frozenset[str] | None = None,
    villages: frozenset[str] | None = None,
) -> str:
    """Make a link that works once, for 24 hours, and lets this person choose a password.

    Args:
        accounts: Where the link's hash is kept.
        clock: For the expiry.
        name: Sign-in name, 1 to 32 letters, digits, spaces or `.@-`.
        role: What the person may do.
        base_url: For example `https://192.168.1.20:8443`.
        cameras: Cameras the person may see; None for all.
        villages: Codes of the villages the person has to do with; None for all.

    Raises:
        AccessRefused: The name cannot be a sign-in name.
    """
    clean = name.strip()
    if not _NAME.fullmatch(clean):
        raise AccessRefused(
            f"{name!r} cannot be a sign-in name: use 1 to 32 letters, digits, spaces or .@-"
        )
    token = secrets.token_urlsafe(32)
    invited = Account(clean, role, cameras=cameras, villages=villages)
    accounts.put_invitation(digest(token), invited, clock.wall() + LASTS_S)
    return f"{base_url.rstrip('/')}/welcome/{token}"


def accept(accounts: Accounts, clock: Clock, token: str, password_hash: str) -> Account | None:
    """Use a link up and make its account; None when the link is unknown, used or too old.

    An empty `password_hash` keeps the password the person may have had. Sessions that the person
    had before end.
    """
    invited = accounts.take_invitation(digest(token), clock.wall())
    if invited is None:
        return None
    before = accounts.account(invited.name)
    kept = before.password_hash if before is not None else ""
    account = replace(invited, password_hash=password_hash or kept)
    accounts.put_account(account)
    accounts.end_sessions_of(account.name)
    accounts.audit(account.name, "accept_invitation", account.role.value)
    return account
