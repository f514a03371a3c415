"""Tokens of other programs: shown once, kept as hashes, refused when they are old or revoked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from edge.township.store.audit import append
from edge.township.store.database import Database
from edge.township.store.outside_tables import api_tokens
from edge.township.store.portable import changed

USED_EVERY_S = 60.0
"""Not every request is worth a write."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept.

    Attributes:
        name: What program it was made for.
        scopes: What it may read.
        villages: Codes it may read of; None means all.
        used_at: About when it was last used, to a minute; None while never.
    """

    id: int
    name: str
    scopes: frozenset[str]
    villages: frozenset[str] | None
    made_by: str
    made_at: float
    expires_at: float
    revoked_at: float | None
    used_at: float | None

    def good(self, now: float) -> bool:
        """Whether it opens anything at this moment."""
        return self.revoked_at is None and now < self.expires_at


class Tokens:
    """Makes, finds and revokes tokens. Every method may block; errors are `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(
        self,
        secret: str,
        *,
        name: str,
        scopes: frozenset[str],
        villages: frozenset[str] | None,
        by: str,
        now: float,
        expires_at: float,
    ) -> int:
        """Keep a new token, with its line in the audit log; returns its number."""
        values = {
            "hash": _hash(secret),
            "name": name,
            "scopes": " ".join(sorted(scopes)),
            "villages": None if villages is None else json.dumps(sorted(villages)),
            "made_by": by,
            "made_at": now,
            "expires_at": expires_at,
        }
        with self._database.write() as connection:
            made = connection.execute(
                api_tokens.insert().values(**values).returning(api_tokens.c.id)
            )
            number = int(made.scalar_one())
            said = f"#{number} {name}: {values['scopes']} {' '.join(sorted(villages or ()))}"
            append(connection, at=now, who=by, action="make_token", target=said.strip())
        return number

    def find(self, secret: str, *, now: float) -> Token | None:
        """The token this is, if it is good at this moment."""
        query = sa.select(api_tokens).where(api_tokens.c.hash == _hash(secret))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        token = _token(row) if row else None
        if token is None or not token.good(now):
            return None
        if token.used_at is None or now - token.used_at >= USED_EVERY_S:
            with self._database.write() as connection:
                same = api_tokens.c.id == token.id
                connection.execute(api_tokens.update().where(same).values(used_at=now))
        return token

    def listed(self) -> list[Token]:
        """Every token, the newest first."""
        query = sa.select(api_tokens).order_by(api_tokens.c.id.desc())
        with self._database.read() as connection:
            return [_token(row) for row in connection.execute(query).mappings()]

    def revoke(self, number: int, *, by: str, now: float) -> bool:
        """End a token for good; False if there is none that could be ended."""
        same = (api_tokens.c.id == number) & api_tokens.c.revoked_at.is_(None)
        with self._database.write() as connection:
            done = changed(connection, api_tokens.update().where(same).values(revoked_at=now)) == 1
            if done:
                append(connection, at=now, who=by, action="revoke_token", target=f"#{number}")
        return done


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: Any) -> Token:
    villages = row["villages"]
    return Token(
        row["id"],
        row["name"],
        frozenset(row["scopes"].split()),
        None if villages is None else frozenset(json.loads(villages)),
        row["made_by"],
        row["made_at"],
        row["expires_at"],
        row["revoked_at"],
        row["used_at"],
    )
