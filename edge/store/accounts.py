"""The staff of the village: accounts, sessions and one-time links in the hub's database."""

from __future__ import annotations

import json
import sqlite3

from edge.people import Account, Role, Session
from edge.store.table import Table

_PUT_ACCOUNT = """
    INSERT INTO accounts (name, role, password_hash, cameras) VALUES (?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET role = excluded.role,
        password_hash = excluded.password_hash, cameras = excluded.cameras
"""
_PUT_SESSION = """
    INSERT OR REPLACE INTO sessions (token_hash, account, csrf, created_wall_s, expires_wall_s)
    VALUES (?, ?, ?, ?, ?)
"""


class AccountTable(Table):
    """Keeps what `edge.site.accounts.Accounts` asks for."""

    def account(self, name: str) -> Account | None:
        found = self._database.read(
            lambda reader: reader.execute(
                "SELECT * FROM accounts WHERE name = ?", (name,)
            ).fetchone()
        )
        return None if found is None else _account(found)

    def accounts(self) -> list[Account]:
        rows = self._database.read(
            lambda reader: reader.execute("SELECT * FROM accounts ORDER BY name").fetchall()
        )
        return [_account(row) for row in rows]

    def put_account(self, account: Account) -> None:
        """Add or replace; sessions of a known account stay."""
        self._database.write(lambda writer: _put(writer, account))

    def remove_account(self, name: str) -> None:
        """Remove a person; the foreign key ends all of his sessions."""
        self._database.write(
            lambda writer: writer.execute("DELETE FROM accounts WHERE name = ?", (name,))
        )

    def session(self, token_hash: str) -> Session | None:
        found = self._database.read(
            lambda reader: reader.execute(
                "SELECT * FROM sessions WHERE token_hash = ?", (token_hash,)
            ).fetchone()
        )
        return None if found is None else Session(**dict(found))

    def put_session(self, session: Session) -> None:
        """Add or replace; sessions that have ended long ago are swept out on the way.

        Raises:
            StoreError: The account does not exist.
        """
        values = (
            *(session.token_hash, session.account, session.csrf),
            *(session.created_wall_s, session.expires_wall_s),
        )

        def job(writer: sqlite3.Connection) -> None:
            writer.execute(
                "DELETE FROM sessions WHERE expires_wall_s < ?", (session.created_wall_s,)
            )
            writer.execute(_PUT_SESSION, values)

        self._database.write(job)

    def remove_session(self, token_hash: str) -> None:
        self._database.write(
            lambda writer: writer.execute(
                "DELETE FROM sessions WHERE token_hash = ?", (token_hash,)
            )
        )

    def end_sessions_of(self, name: str) -> None:
        self._database.write(
            lambda writer: writer.execute("DELETE FROM sessions WHERE account = ?", (name,))
        )

    def put_invitation(self, token_hash: str, account: Account, expires_wall_s: float) -> None:
        """Keep a one-time sign-in link; the account is made or replaced when it is used."""
        values = (token_hash, *_columns(account), expires_wall_s)
        self._database.write(
            lambda writer: writer.execute(
                "INSERT OR REPLACE INTO invitations "
                "(token_hash, name, role, password_hash, cameras, expires_wall_s) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
        )

    def take_invitation(self, token_hash: str, now_wall_s: float) -> Account | None:
        """Use a one-time link up; the account exists when this returns it.

        A link that is too old is thrown away, too.
        """

        def job(writer: sqlite3.Connection) -> Account | None:
            row = writer.execute(
                "DELETE FROM invitations WHERE token_hash = ? RETURNING *", (token_hash,)
            ).fetchone()
            if row is None or row["expires_wall_s"] < now_wall_s:
                return None
            account = _account(row)
            _put(writer, account)
            return account

        return self._database.write(job)


def _columns(account: Account) -> tuple[str, str, str, str | None]:
    cameras = None if account.cameras is None else json.dumps(sorted(account.cameras))
    return account.name, account.role.value, account.password_hash, cameras


def _put(writer: sqlite3.Connection, account: Account) -> None:
    writer.execute(_PUT_ACCOUNT, _columns(account))


def _account(row: sqlite3.Row) -> Account:
    cameras = None if row["cameras"] is None else frozenset(json.loads(row["cameras"]))
    return Account(row["name"], Role(row["role"]), row["password_hash"], cameras)
