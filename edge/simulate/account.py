"""What the database says became of the events, and how fast it takes the same rows bare."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from edge.township.store.tables import metadata

BATCH = 400
SAMPLE = 12_000
TABLES = ("inbox", "alerts", "events", "cases", "case_alerts")
"""Everything an incident writes, in the order of its writing."""


@dataclass(frozen=True, slots=True)
class Account:
    """Events of the simulated hubs in the database.

    Attributes:
        stored: Different events (hub, stream, number).
        doubled: Events that count more than once: in the inbox, or as a line of a history.
        holes: Numbers that are missing between the first and the last of a hub.
    """

    stored: int
    doubled: int
    holes: int


def take_account(engine: sa.Engine, streams: Sequence[str]) -> Account:
    """Count what is there of these streams."""
    wanted = {"streams": list(streams)}
    with engine.connect() as connection:
        stored, distinct = connection.execute(
            sa.text(
                "SELECT count(*), count(DISTINCT event_id) FROM inbox WHERE stream = ANY(:streams)"
            ),
            wanted,
        ).one()
        repeated = connection.scalar(
            sa.text(
                "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM events "
                "WHERE stream = ANY(:streams) GROUP BY hub, stream, seq) AS g"
            ),
            wanted,
        )
        holes = connection.scalar(
            sa.text(
                "SELECT coalesce(sum(last - n), 0) FROM (SELECT max(seq) AS last, count(*) AS n "
                "FROM inbox WHERE stream = ANY(:streams) GROUP BY hub, stream) AS g"
            ),
            wanted,
        )
    return Account(int(stored), int(stored - distinct) + int(repeated or 0), int(holes or 0))


def bare_rate(engine: sa.Engine) -> float:
    """Events a second, when the rows they made are put into empty tables by plain batched INSERT.

    The tables have the same columns, indexes and durability; a batch is one transaction.
    """
    with engine.connect() as connection:
        rows = {name: _rows(connection, name) for name in TABLES}
    total = len(rows["inbox"])
    if not total:
        return 0.0
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS bare CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA bare")
        for name in TABLES:
            connection.exec_driver_sql(f"CREATE TABLE bare.{name} (LIKE {name} INCLUDING ALL)")
    driver = engine.raw_connection()
    try:
        began = time.perf_counter()
        for at in range(0, total, BATCH):
            with closing(driver.cursor()) as cursor:
                for name, found in rows.items():
                    part = _part(found, at / total, min(total, at + BATCH) / total)
                    if part:
                        cursor.executemany(
                            _insert(name, part[0]), [tuple(r.values()) for r in part]
                        )
            driver.commit()
        return total / (time.perf_counter() - began)
    finally:
        driver.close()


def _rows(connection: sa.Connection, name: str) -> list[dict[str, Any]]:
    table = metadata.tables[name]
    order = {"inbox": table.c.get("stored_at"), "events": table.c.get("id")}.get(name)
    query = sa.select(table)
    if order is not None:
        query = query.order_by(order)
    total = connection.scalar(sa.select(sa.func.count()).select_from(metadata.tables["inbox"])) or 1
    mine = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    limit = max(1, int(min(SAMPLE, total) * mine / total))
    return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]


def _part(rows: list[dict[str, Any]], begin: float, end: float) -> list[dict[str, Any]]:
    return rows[int(begin * len(rows)) : int(end * len(rows))]


def _insert(name: str, row: Mapping[str, Any]) -> str:
    columns = ", ".join(f'"{column}"' for column in row)
    places = ", ".join(["%s"] * len(row))
    # Names of our own tables and columns only.
    return f"INSERT INTO bare.{name} ({columns}) VALUES ({places})"  # noqa: S608
