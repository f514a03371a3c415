"""The one statement whose spelling differs between databases: insert unless the key is there."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult

from edge.errors import StoreError


def insert_new(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> bool:
    """Insert one row unless its primary key exists already.

    Returns:
        Whether the row is new.

    Raises:
        StoreError: The database is neither SQLite nor PostgreSQL.
    """
    # RETURNING, because PostgreSQL's driver does not say how many rows an INSERT made.
    key = next(iter(table.primary_key.columns))
    statement: sa.Executable
    match connection.dialect.name:
        case "sqlite":
            lite = sqlite.insert(table).values(**values)
            statement = lite.on_conflict_do_nothing().returning(key)
        case "postgresql":
            grown = postgresql.insert(table).values(**values)
            statement = grown.on_conflict_do_nothing().returning(key)
        case name:
            raise StoreError(f"The database {name!r} is not supported; use SQLite or PostgreSQL.")
    return connection.execute(statement).first() is not None


def changed(connection: sa.Connection, statement: sa.Executable) -> int:
    """Execute an UPDATE or DELETE and return how many rows it touched."""
    result = connection.execute(statement)
    if not isinstance(result, CursorResult):
        raise StoreError("The database did not say how many rows were changed.")
    return result.rowcount
