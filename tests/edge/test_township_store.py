"""The township's memory: the same on SQLite and PostgreSQL, and it says what is wrong."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from edge.clock import SimulatedClock
from edge.errors import CaseRefused, StartError, StoreError
from edge.events import Bus
from edge.people import Account, Role, Session
from edge.settings.schema import DatabaseSection
from edge.site.accounts import Accounts
from edge.township.cases.deadlines import Deadlines
from edge.township.cases.desk import Desk
from edge.township.cases.states import Action, Wish
from edge.township.store import Store
from edge.township.store.address import address_of
from edge.township.store.case_records import CaseFilter
from edge.township.store.database import MIGRATIONS
from edge.township.store.portable import insert_new
from edge.township.store.tables import alerts, gaps, inbox, metadata, people
from tests.edge.township_hub import FakeHub, Post, fresh_database, uid
from tests.fakes.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of either kind."""
    if request.param == "sqlite":
        return fresh_database(tmp_path)
    server: Postgres = request.getfixturevalue("postgres")
    return server.township()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def store(url: str, clock: SimulatedClock) -> Iterator[Store]:
    made = Store(url, clock)
    yield made
    made.close()


def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    """Whoever changes a table must write a migration."""
    with store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_opening_again_keeps_what_was_stored(url: str, clock: SimulatedClock) -> None:
    """A restart migrates nothing and loses nothing."""
    first = Store(url, clock)
    Post(first, clock).store_batch([FakeHub().incident(uid(1), 1)])
    first.close()
    second = Store(url, clock)
    assert [alert.id for alert in second.alerts()] == [uid(1)]
    second.close()


def test_a_village_s_day_reads_the_same_on_every_database(
    store: Store, clock: SimulatedClock
) -> None:
    """Ingest, lists, story, receipts, gaps, orders and hubs work on either database."""
    hub, post = FakeHub(), Post(store, clock)
    rows = [
        hub.incident(uid(1), 1),
        hub.incident(uid(2), 1, severity="life_safety"),
        hub.evidence(uid(1)),
        hub.receipt("a1", "started", incident=uid(1)),
        hub.incident(uid(1), 2, "closed", camera_name="\0村", count=2**200),
        hub.incident(uid(3), 1, severity="panic"),
        hub.receipt("a1", "finished", incident=uid(1)),
    ]
    post.store_batch([hub.birth(oldest=1), *rows[:3], *rows[4:], *rows[:2], hub.heartbeat(8)])
    assert [(gap.first_seq, gap.state) for gap in store.gaps()] == [(4, "missing")]
    post.store_batch([rows[3]])
    assert [gap.state for gap in store.gaps()] == ["filled"]
    assert [alert.id for alert in store.open_alerts()] == [uid(2), uid(1)]
    desk = Desk(store.cases, Bus(), clock, deadlines=Deadlines())
    [case] = store.cases.some(CaseFilter())
    assert (case.count, case.severity) == (2, "life_safety")
    desk.act(case.id, Wish(Action.ACCEPT, "张三"))
    with pytest.raises(CaseRefused, match="moved on"):
        desk.act(case.id, Wish(Action.ACCEPT, "李四"))
    assert [alert.id for alert in store.closed_alerts()] == [uid(1)]
    assert store.count_open() == 1
    story = store.story(hub.id, uid(1))
    assert story is not None
    assert [event.what for event in story.history] == ["opened", "closed"]
    assert [receipt.state for receipt in story.receipts] == ["finished"]
    assert post.counts.flagged == 1
    [known] = store.hubs()
    assert (known.village, len(known.cameras), known.speakers) == ("林家村", 2, ("square",))


def test_only_one_of_many_monitors_takes_an_alert(store: Store, clock: SimulatedClock) -> None:
    """Compare and set: eight people press at the same moment, one has it."""
    Post(store, clock).store_batch([FakeHub().incident(uid(1), 1)])
    won: list[str] = []
    start = threading.Barrier(8)
    desk = Desk(store.cases, Bus(), clock, deadlines=Deadlines())
    [case] = store.cases.some(CaseFilter())

    def press(name: str) -> None:
        start.wait(5)
        with contextlib.suppress(CaseRefused):
            desk.act(case.id, Wish(Action.ACCEPT, name))
            won.append(name)

    presses = [threading.Thread(target=press, args=(f"p{n}",)) for n in range(8)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(20)
    assert len(won) == 1
    assert store.alerts()[0].acknowledged_by == won[0]


def test_people_sessions_and_links_are_kept(store: Store, clock: SimulatedClock) -> None:
    """Everything the sign-in pages ask of the store."""
    kept: Accounts = store.people
    now = clock.wall()
    kept.put_account(Account("张三", Role.STAFF, "hash", frozenset({"gate", "pond"})))
    kept.put_account(Account("张三", Role.OFFICIAL, "hash2"))
    assert kept.account("张三") == Account("张三", Role.OFFICIAL, "hash2")
    kept.put_session(Session("t1", "张三", "csrf", now, now + 60))
    kept.put_session(Session("t2", "张三", "csrf", now, now + 60))
    assert kept.session("t1") == Session("t1", "张三", "csrf", now, now + 60)
    kept.remove_session("t1")
    assert kept.session("t1") is None
    kept.put_invitation("i1", Account("李四", Role.VIEWER, cameras=frozenset({"gate"})), now + 60)
    kept.put_invitation("i2", Account("李四", Role.VIEWER), now - 1)
    assert kept.take_invitation("i1", now) == Account(
        "李四", Role.VIEWER, cameras=frozenset({"gate"})
    )
    assert kept.take_invitation("i1", now) is None
    assert kept.take_invitation("i2", now) is None
    kept.remove_account("张三")
    assert kept.session("t2") is None
    kept.audit("张三", "announce", "村")
    assert [(line.who, line.action) for line in store.people.audit_lines()] == [
        ("张三", "announce")
    ]


def test_every_statement_can_be_said_in_postgresql() -> None:
    """Tables and the one special insert compile for PostgreSQL even where no server is."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    for table in metadata.sorted_tables:
        assert "AUTOINCREMENT" not in str(CreateTable(table).compile(dialect=postgresql.dialect()))
    special = postgresql.insert(inbox).values(hub="a", stream="b", seq=1).on_conflict_do_nothing()
    assert "ON CONFLICT DO NOTHING" in str(special.compile(dialect=postgresql.dialect()))
    for statement in (sa.select(alerts), gaps.update().values(state="filled"), people.delete()):
        assert str(statement.compile(dialect=postgresql.dialect()))


def test_another_kind_of_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Only the two that are tested are used."""

    class Other:
        class dialect:  # noqa: N801 - as SQLAlchemy spells it
            name = "mysql"

    with pytest.raises(StoreError, match="use SQLite or PostgreSQL"):
        insert_new(Other(), people, {})  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"not a database at all, but long enough " * 50])
def test_a_file_that_is_no_database_is_said_so(tmp_path: Path, content: bytes) -> None:
    """The start fails with the path and a remedy; the file is left alone."""
    file = tmp_path / "township.db"
    file.write_bytes(content)
    with pytest.raises(StartError, match=r"township\.db cannot be used: .*file is not a database"):
        Store(f"sqlite:///{file}", SimulatedClock())
    assert file.read_bytes() == content


def test_a_database_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    """An old program does not open what a newer one wrote."""
    url = fresh_database(tmp_path)
    made = Store(url, SimulatedClock())
    with made.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    made.close()
    with pytest.raises(StartError, match="9999"):
        Store(url, SimulatedClock())


def test_a_password_in_the_address_is_never_said(tmp_path: Path) -> None:
    """The sentence about an unreachable database hides the password."""
    with pytest.raises(StartError) as error:
        Store("postgresql+psycopg://town:geheim@127.0.0.1:1/x", SimulatedClock())
    assert "geheim" not in str(error.value)


def test_sqlite_keeps_its_promises(tmp_path: Path) -> None:
    """WAL, synchronous FULL and foreign keys are on for every connection."""
    made = Store(fresh_database(tmp_path), SimulatedClock())
    with made.database.read() as connection:
        said = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    made.close()
    assert said == ["wal", 2, 1]


def test_there_is_one_newest_version_of_the_tables() -> None:
    """Two versions after the same one would stop every start."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_the_password_of_the_database_comes_from_its_file(tmp_path: Path) -> None:
    """It is in no setting; an address with a password in it is refused without showing it."""
    file = tmp_path / "password"
    file.write_text("geheim/@:\n", encoding="utf-8")
    url = address_of(DatabaseSection(url="postgresql+psycopg://v@h/x", password_file=file))
    assert url is not None
    assert (url.password, "geheim" in str(url)) == ("geheim/@:", False)
    assert address_of(DatabaseSection()) is None
    for wrong in (
        DatabaseSection(url="postgresql+psycopg://v:geheim@h/x"),
        DatabaseSection(url="no address: geheim"),
        DatabaseSection(url="postgresql://v@h/x", password_file=tmp_path / "absent"),
    ):
        with pytest.raises(StartError) as refusal:
            address_of(wrong)
        assert "geheim" not in str(refusal.value)
