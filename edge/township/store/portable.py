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
    statement: sa.Executable
    match connection.dialect.name:
        case "sqlite":
            statement = sqlite.insert(table).values(**values).on_conflict_do_nothing()
        case "postgresql":
            statement = postgresql.insert(table).values(**values).on_conflict_do_nothing()
        case name:
            raise StoreError(f"The database {name!r} is not supported; use SQLite or PostgreSQL.")
    return changed(connection, statement) == 1


def changed(connection: sa.Connection, statement: sa.Executable) -> int:
    """Execute a changing statement and return how many rows it touched."""
    result = connection.execute(statement)
    if not isinstance(result, CursorResult):
        raise StoreError("The database did not say how many rows were changed.")
    return result.rowcount
