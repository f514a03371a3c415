"""Rows handed to the database as one JSON text, so that a statement of any size is the same one.

A statement with thousands of placeholders costs more to read, on both sides, than to carry out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from edge.errors import StoreError

Rows = Sequence[Mapping[str, Any]]
Build = Callable[[str, sa.FromClause], sa.Executable]


class Statement:
    """A statement over given rows, built once for each database.

    Args of the constructor: `columns` are those of the given rows, with the types they are stored
    as; `build` makes the statement from the name of the database and the rows as a table.
    """

    def __init__(self, columns: Iterable[sa.Column[Any]], build: Build) -> None:
        self._columns = [(one.name, _processor(one)) for one in columns]
        self._made = {
            "sqlite": build("sqlite", _in_sqlite(columns := list(columns))),
            "postgresql": build("postgresql", _in_postgresql(columns)),
        }

    def __call__(self, connection: sa.Connection, rows: Rows) -> list[Any]:
        """Run it; gives what it returns.

        Raises:
            StoreError: The database is neither SQLite nor PostgreSQL.
        """
        if not rows:
            return []
        statement = self._made.get(connection.dialect.name)
        if statement is None:
            name = connection.dialect.name
            raise StoreError(f"The database {name!r} is not supported; use SQLite or PostgreSQL.")
        text = json.dumps([self._clean(row) for row in rows], ensure_ascii=False)
        result = connection.execute(statement, {"given_rows": text})
        return list(result) if result.returns_rows else []

    def _clean(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: row[name] if clean is None else clean(row[name], None)
            for name, clean in self._columns
        }


def once(table: sa.Table, *returned: str, columns: Sequence[str] = ()) -> Statement:
    """An INSERT that skips rows whose key is there already and returns columns of the others."""
    names = list(columns) or [one.name for one in table.columns]

    def build(dialect: str, given: sa.FromClause) -> sa.Executable:
        # SQLite cannot tell ON CONFLICT from a join without a condition before it.
        source = sa.select(*(given.c[name] for name in names)).where(sa.true())
        back = [table.c[name] for name in returned]
        if dialect == "sqlite":
            lite = sqlite.insert(table).from_select(names, source).on_conflict_do_nothing()
            return lite.returning(*back) if back else lite
        grown = postgresql.insert(table).from_select(names, source).on_conflict_do_nothing()
        return grown.returning(*back) if back else grown

    return Statement([table.c[name] for name in names], build)


def newest(table: sa.Table, key: Sequence[str], changing: Sequence[str], *, by: str) -> Statement:
    """Replace columns of rows that are there, where the given row is newer by one column."""

    def build(_dialect: str, given: sa.FromClause) -> sa.Executable:
        same = [table.c[name] == given.c[name] for name in key]
        return (
            table.update()
            .where(*same, table.c[by] < given.c[by])
            .values({name: given.c[name] for name in changing})
        )

    return Statement([table.c[name] for name in (*key, *changing)], build)


def _processor(column: sa.Column[Any]) -> Callable[[Any, Any], Any] | None:
    """What makes a hostile value fit; see `columns`."""
    kind = column.type
    return kind.process_bind_param if isinstance(kind, sa.TypeDecorator) else None


def _stored(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    kind = column.type
    return kind.impl_instance if isinstance(kind, sa.TypeDecorator) else kind


def _in_postgresql(columns: Sequence[sa.Column[Any]]) -> sa.FromClause:
    text = sa.cast(sa.bindparam("given_rows", type_=sa.Text), postgresql.JSON)
    made = [sa.column(one.name, _stored(one)) for one in columns]
    return sa.func.json_to_recordset(text).table_valued(*made).render_derived("g", with_types=True)


def _in_sqlite(columns: Sequence[sa.Column[Any]]) -> sa.FromClause:
    text = sa.bindparam("given_rows", type_=sa.Text)
    each = sa.func.json_each(text).table_valued("value", name="e")
    made = [
        sa.func.json_extract(each.c.value, f'$."{one.name}"', type_=_stored(one)).label(one.name)
        for one in columns
    ]
    return sa.select(*made).subquery("g")
