"""The audit log of the township: lines are only added, each chained to the one before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from edge.chain import Content, Head, Line, Verdict, begin, link, verify
from edge.township.store.columns import YEAR_2100_S
from edge.township.store.records import AuditLine
from edge.township.store.tables import audit, audit_head

LONGEST = 500
BATCH = 1000


def append(
    connection: sa.Connection, *, at: float, who: str, action: str, target: str = ""
) -> None:
    """Add one line in the caller's transaction; writers wait for each other until it commits."""
    head = connection.execute(_head().with_for_update()).mappings().one()
    before = head["hash"] or begin(_older(connection))
    number, at = head["count"] + 1, max(0.0, min(YEAR_2100_S, at))
    content = (at, _clean(who), _clean(action), _clean(target)[:LONGEST])
    hash_ = link(before, number, content)
    connection.execute(
        audit.insert().values(
            at=at, who=content[1], action=content[2], target=content[3], number=number, hash=hash_
        )
    )
    connection.execute(audit_head.update().values(count=number, hash=hash_))


def page_of_lines(
    connection: sa.Connection, *, before: int | None = None, limit: int = 100
) -> list[AuditLine]:
    """Who did what, newest first; `before` is the `id` of the last line already seen."""
    query = sa.select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [
        AuditLine(row.at, row.who, row.action, row.target, row.id, row.number)
        for row in connection.execute(query)
    ]


def check(connection: sa.Connection, *, noted: str = "") -> Verdict:
    """Walk the whole log; see `edge.chain.verify`."""
    kept = connection.execute(_head()).mappings().first()
    head = Head(kept["count"], kept["hash"]) if kept else Head(-1, "")
    return verify(_lines(connection), head, noted=noted)


def _head() -> sa.Select[Any]:
    return sa.select(audit_head.c.count, audit_head.c.hash).where(audit_head.c.id == 1)


def _older(connection: sa.Connection) -> Iterator[Content]:
    query = sa.select(audit).where(audit.c.number == 0).order_by(audit.c.id)
    return (_content(row) for row in connection.execute(query))


def _lines(connection: sa.Connection) -> Iterator[Line]:
    last = -1
    while True:
        query = sa.select(audit).where(audit.c.id > last).order_by(audit.c.id).limit(BATCH)
        rows = connection.execute(query).all()
        for row in rows:
            yield Line(row.number, _content(row), row.hash)
        if len(rows) < BATCH:
            return
        last = rows[-1].id


def _content(row: Any) -> Content:
    return row.at, row.who, row.action, row.target


def _clean(text: str) -> str:
    """As the database will give it back, or the line would not fit its own hash."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
