"""The audit log: only added to, and whoever goes around that is found, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from edge.chain import START, Head, Line, begin, link, verify
from edge.clock import SimulatedClock
from edge.errors import StoreError
from edge.township.store import Store
from edge.township.store.tables import audit, audit_head
from tests.edge.township_hub import fresh_database
from tests.fakes.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A township with seven lines in its log, on either database."""
    url = fresh_database(tmp_path)
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.township()
    clock = SimulatedClock()
    made = Store(url, clock)
    for number in range(7):
        clock.advance(1)
        made.people.audit("张三", "acknowledge", f"lin-jia-cun/{number}\0\ud800" + "长" * 600)
    yield made
    made.close()


def unlock(connection: sa.Connection) -> None:
    """What somebody with the database's own password could do."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
    else:
        connection.exec_driver_sql("DROP TRIGGER audit_no_change ON audit")


def line(number: int) -> sa.ColumnElement[bool]:
    return audit.c.number == number


def swap(connection: sa.Connection) -> None:
    """Exchange the places of two lines."""
    ids: dict[int, int] = {
        row.number: row.id for row in connection.execute(sa.select(audit.c.number, audit.c.id))
    }
    for number, id_ in ((3, 10_000), (4, ids[3]), (3, ids[4])):
        connection.execute(audit.update().where(line(number)).values(id=id_))


def forge(connection: sa.Connection) -> None:
    """Change a line and give it the hash that fits it, but not those after it."""
    rows = connection.execute(sa.select(audit).order_by(audit.c.id)).all()
    content = (rows[3].at, "李四", rows[3].action, rows[3].target)
    connection.execute(
        audit.update().where(line(4)).values(who="李四", hash=link(rows[2].hash, 4, content))
    )


TAMPERING: dict[str, Any] = {
    "edited": lambda c: c.execute(audit.update().where(line(3)).values(who="李四")),
    "a later time": lambda c: c.execute(audit.update().where(line(3)).values(at=audit.c.at + 1)),
    "removed": lambda c: c.execute(audit.delete().where(line(3))),
    "cut off": lambda c: c.execute(audit.delete().where(line(7))),
    "emptied": lambda c: c.execute(audit.delete()),
    "swapped": swap,
    "forged": forge,
    "added": lambda c: c.execute(audit.insert().values(who="李四", action="x", number=8, hash="")),
    "added as old": lambda c: c.execute(audit.insert().values(who="李四", action="x", number=0)),
    "no head": lambda c: c.execute(audit_head.delete()),
}


@pytest.mark.parametrize("deed", TAMPERING)
def test_whoever_changes_the_log_is_found(store: Store, deed: str) -> None:
    """A line edited, removed, cut off, moved, forged or added is noticed and said."""
    good = store.people.check_audit()
    assert (good.good, good.lines, good.problem) == (True, 7, "")
    with store.database.write() as connection:
        unlock(connection)
        TAMPERING[deed](connection)
    found = store.people.check_audit()
    assert not found.good
    assert "Compare with the last backup." in found.problem
    assert found.lines <= 7


@pytest.mark.parametrize("deed", ["edited", "removed"])
def test_the_database_itself_refuses(store: Store, deed: str) -> None:
    """Our own program could not change a line even by mistake."""
    with (
        pytest.raises(StoreError, match="only ever added to"),
        store.database.write() as connection,
    ):
        TAMPERING[deed](connection)
    assert store.people.check_audit().good


def test_a_log_written_anew_does_not_have_the_hash_that_was_noted(store: Store) -> None:
    """Who rewrites log and head leaves no trace in them, but the hash on paper is missing."""
    noted = store.people.check_audit().head
    assert store.people.check_audit(noted).good
    with store.database.write() as connection:
        unlock(connection)
        connection.execute(audit.delete())
        connection.execute(audit_head.update().values(count=0, hash=""))
    store.people.audit("李四", "sign_in")
    assert store.people.check_audit().good
    assert "written anew" in store.people.check_audit(noted).problem


def test_many_write_at_once_and_the_chain_holds(store: Store) -> None:
    """Lines of threads that do not wait for each other are still one chain."""
    url = store.database._engine.url.render_as_string(hide_password=False)
    second = Store(url, SimulatedClock())
    writers = [
        threading.Thread(target=lambda one=one: [one.people.audit("p", "x") for _ in range(10)])
        for one in (store, second, store, second)
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
    second.close()
    verdict = store.people.check_audit()
    assert (verdict.good, verdict.lines) == (True, 47)


def test_lines_from_before_the_chain_are_covered_by_it(tmp_path: Path) -> None:
    """The log of an older version is sealed by the first new line."""
    store = Store(fresh_database(tmp_path), SimulatedClock())
    with store.database.write() as connection:
        for n in range(3):
            connection.execute(audit.insert().values(at=float(n), who="旧", action="sign_in"))
    assert store.people.check_audit().older == 3
    store.people.audit("张三", "sign_in")
    verdict = store.people.check_audit()
    assert (verdict.good, verdict.lines, verdict.older) == (True, 1, 3)
    with store.database.write() as connection:
        unlock(connection)
        connection.execute(audit.update().where(audit.c.id == 2).values(who="李四"))
    assert not store.people.check_audit().good
    store.close()


def test_the_log_is_read_page_by_page(store: Store) -> None:
    """Newest first, no line twice, none left out."""
    seen, before = [], None
    while lines := store.people.audit_lines(3, before):
        seen += [one.number for one in lines]
        before = lines[-1].id
    assert seen == [7, 6, 5, 4, 3, 2, 1]


_content = st.tuples(st.floats(0, 4e9), st.text(max_size=5), st.text(max_size=5))


@given(st.lists(_content, max_size=6), st.lists(_content, min_size=1, max_size=6), st.data())
def test_any_single_change_breaks_the_chain(
    older: list[tuple[object, ...]], newer: list[tuple[object, ...]], data: st.DataObject
) -> None:
    """However long the log and wherever the change."""
    lines, before = [Line(0, one, "") for one in older], begin(older)
    for number, one in enumerate(newer, start=1):
        before = link(before, number, one)
        lines.append(Line(number, one, before))
    head = Head(len(newer), before)
    assert verify(lines, head).good
    where = data.draw(st.integers(0, len(lines) - 1))
    changed = list(lines)
    match data.draw(st.sampled_from(["drop", "edit", "repeat", "move"])):
        case "drop":
            del changed[where]
        case "edit":
            old = changed[where]
            changed[where] = Line(old.number, (*old.content[:-1], "另"), old.hash)
        case "repeat":
            changed.insert(where, changed[where])
        case _:
            changed.insert(data.draw(st.integers(0, len(lines) - 1)), changed.pop(where))
    assert verify(changed, head).good == (changed == lines)


def test_an_empty_log_is_whole() -> None:
    """Nothing was written, nothing is missing."""
    assert verify([], Head(0, "")).good
    assert begin([]) == START
    assert not verify([], Head(1, "x")).good
