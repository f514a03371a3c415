"""The staff of the township: accounts, sessions, one-time links and the audit log."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from edge.chain import Verdict
from edge.clock import Clock
from edge.people import Account, Role, Session
from edge.township.store.audit import append, check, page_of_lines
from edge.township.store.database import Database
from edge.township.store.portable import changed, insert_new
from edge.township.store.records import AuditLine
from edge.township.store.tables import invitations, people, sessions


class People:
    """Accounts, as the sign-in pages want them (`edge.site.accounts.Accounts`)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def account(self, name: str) -> Account | None:
        with self._database.read() as connection:
            query = sa.select(people).where(people.c.name == name)
            row = connection.execute(query).mappings().first()
        return _account(row) if row else None

    def accounts(self) -> list[Account]:
        with self._database.read() as connection:
            rows = connection.execute(sa.select(people).order_by(people.c.name)).mappings().all()
        return [_account(row) for row in rows]

    def put_account(self, account: Account) -> None:
        values = _values(account)
        with self._database.write() as connection:
            if not insert_new(connection, people, values):
                connection.execute(
                    people.update().where(people.c.name == account.name).values(**values)
                )

    def remove_account(self, name: str) -> None:
        with self._database.write() as connection:
            connection.execute(invitations.delete().where(invitations.c.name == name))
            connection.execute(people.delete().where(people.c.name == name))

    def session(self, token_hash: str) -> Session | None:
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(sessions).where(sessions.c.token_hash == token_hash)
            ).first()
        if row is None:
            return None
        return Session(row.token_hash, row.account, row.csrf, row.created_at, row.expires_at)

    def put_session(self, session: Session) -> None:
        values = {
            "token_hash": session.token_hash,
            "account": session.account,
            "csrf": session.csrf,
            "created_at": session.created_wall_s,
            "expires_at": session.expires_wall_s,
        }
        with self._database.write() as connection:
            old = sessions.c.expires_at < session.created_wall_s
            connection.execute(sessions.delete().where(old))
            if not insert_new(connection, sessions, values):
                same = sessions.c.token_hash == session.token_hash
                connection.execute(sessions.update().where(same).values(**values))

    def remove_session(self, token_hash: str) -> None:
        with self._database.write() as connection:
            connection.execute(sessions.delete().where(sessions.c.token_hash == token_hash))

    def end_sessions_of(self, name: str) -> None:
        with self._database.write() as connection:
            connection.execute(sessions.delete().where(sessions.c.account == name))

    def put_invitation(self, token_hash: str, account: Account, expires_wall_s: float) -> None:
        values = _values(account) | {"token_hash": token_hash, "expires_at": expires_wall_s}
        with self._database.write() as connection:
            connection.execute(invitations.insert().values(**values))

    def take_invitation(self, token_hash: str, now_wall_s: float) -> Account | None:
        same = invitations.c.token_hash == token_hash
        with self._database.write() as connection:
            row = connection.execute(sa.select(invitations).where(same)).mappings().first()
            # The count, not the look before it, decides who of two browsers was first.
            if row is None or changed(connection, invitations.delete().where(same)) != 1:
                return None
        return _account(row) if row["expires_at"] > now_wall_s else None

    def audit(self, who: str, action: str, target: str = "") -> None:
        with self._database.write() as connection:
            append(connection, at=self._clock.wall(), who=who, action=action, target=target)

    def audit_lines(self, limit: int = 200, before: int | None = None) -> list[AuditLine]:
        """Who did what, newest first; `before` is the `id` of the last line already seen."""
        with self._database.read() as connection:
            return page_of_lines(connection, before=before, limit=limit)

    def check_audit(self, noted: str = "") -> Verdict:
        """Whether every line of the audit log is as it was written; walks all of them.

        Args:
            noted: A hash that somebody wrote down earlier; it must still be in the chain.
        """
        with self._database.read() as connection:
            return check(connection, noted=noted)


def _values(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "role": account.role.value,
        "password_hash": account.password_hash,
        "cameras": _packed(account.cameras),
        "villages": _packed(account.villages),
    }


def _account(row: Any) -> Account:
    return Account(
        row["name"],
        Role(row["role"]),
        row["password_hash"],
        _unpacked(row["cameras"]),
        _unpacked(row["villages"]),
    )


def _packed(ids: frozenset[str] | None) -> str | None:
    return None if ids is None else json.dumps(sorted(ids))


def _unpacked(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(json.loads(text))
