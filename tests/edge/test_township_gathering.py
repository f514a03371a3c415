"""A batch stored by table is the same as one stored message by message."""

from __future__ import annotations

import base64
import hashlib
import random
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from edge.clock import SimulatedClock
from edge.events import Bus, Change
from edge.link.messages import Envelope
from edge.link.township import Received
from edge.township.ingest import Ingest
from edge.township.news import News, hear_news
from edge.township.store import Store
from edge.township.store.tables import alerts, cases, events, evidence, hubs, inbox
from tests.fakes.postgres import Postgres

JPEG = b"\xff\xd8\xff" + bytes(60)
TABLES = (inbox, alerts, events, evidence, cases, hubs)
COUNTED = {"id", "incident", "picture", "version", "opened_at"}
"""Columns of a case that depend on which of its alerts came first in a batch, or how often."""


def event(chance: random.Random, hub: str, seq: int, type_: str, data: dict[str, Any]) -> Received:
    envelope = Envelope(
        id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        source=f"/t/qingshan/h/{hub}",
        type=f"cn.village.{type_}.v1",
        time=datetime(2026, 5, 1, tzinfo=UTC),
        stream=str(uuid.UUID(int=int(hub[-1]) + 1, version=4)),
        seq=seq,
        clocktrusted=chance.random() < 0.9,
        data=data,
    )
    return Received(hub, envelope, envelope.to_bytes())


def some_events(seed: int) -> list[Received]:
    """Incidents that begin, end, have pictures, come twice, and some that are nonsense."""
    chance = random.Random(seed)
    found: list[Received] = []
    for hub in ("cun-1", "cun-2", "cun-3"):
        seq = 0
        for _ in range(6):
            incident = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            moment = datetime(2026, 5, 1, 0, seq, tzinfo=UTC).isoformat()
            data: dict[str, Any] = {
                "id": incident,
                "rev": 1,
                "phase": "opened",
                "kind": chance.choice(["fire", "intrusion"]),
                "severity": chance.choice(["urgent", "life_safety"]),
                "camera": f"cam-{chance.randrange(2)}",
                "camera_name": "村口\0",
                "opened_at": moment,
                "seen_at": moment,
            }
            picture = {
                "incident": incident,
                "sha256": hashlib.sha256(incident.encode()).hexdigest(),
                "size": 9,
                "thumbnail": base64.b64encode(JPEG).decode(),
            }
            ended = data | {"rev": 2, "phase": "closed", "closed_at": moment}
            nonsense = {"id": "nobody"}
            for type_, what in (
                ("incident", data),
                ("evidence", picture),
                ("incident", ended),
                ("incident", nonsense),
            ):
                seq += 1
                found.append(event(chance, hub, seq, type_, what))
    found += chance.sample(found, 5)
    chance.shuffle(found)
    return found


def rows_of(store: Store, table: sa.Table) -> list[tuple[Any, ...]]:
    left_out = COUNTED if table is cases else {"id"} if table is events else {"problem_at"}
    columns = [one for one in table.columns if one.name not in left_out]
    with store.database.read() as connection:
        return sorted(map(repr, connection.execute(sa.select(*columns)).all()))  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", "postgresql"])
def two_stores(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    clock = SimulatedClock()
    if request.param == "sqlite":
        urls = [f"sqlite:///{tmp_path}/{name}.db" for name in "ab"]
    else:
        server: Postgres = request.getfixturevalue("postgres")
        urls = [server.township() for _ in range(2)]
    stores = [Store(url, clock) for url in urls]
    yield clock, *stores
    for store in stores:
        store.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_by_table_is_the_same_as_one_by_one(two_stores: Any, seed: int) -> None:
    """Every table holds the same, and the same rows are acknowledged."""
    clock, together, apart = two_stores
    received = some_events(seed)
    one, other = Ingest(together, Bus(), clock), Ingest(apart, Bus(), clock)
    kept = {row for at in range(0, len(received), 30) for row in one(received[at : at + 30])}
    single: set[Any] = set()
    for message in received:
        single |= set(other([message]))
    assert kept == single
    for table in TABLES:
        assert rows_of(together, table) == rows_of(apart, table), table.name
    assert one.counts.stored == other.counts.stored
    assert one.counts.duplicates == other.counts.duplicates


def test_news_of_a_worker_reaches_open_pages() -> None:
    """What a worker stored is told in one message; nonsense is no news."""
    sent: list[bytes] = []
    news = News()
    for number in range(200):
        news.publish(Change("incident", str(number)))
    news.publish(Change("hub", "cun-1"))
    news.flush(sent.append)
    news.flush(sent.append)
    assert len(sent) == 1

    class Heard(Bus):
        def __init__(self) -> None:
            super().__init__()
            self.changes: list[Change] = []

        def publish(self, change: Change) -> None:
            self.changes.append(change)

    bus = Heard()
    for payload in (sent[0], b"\xff", b'{"a": 1}', b'[["closing", ""], 3, ["incident"]]'):
        hear_news(bus, payload)
    assert Change("incident", "") in bus.changes
    assert Change("incident", "5") in bus.changes
    assert Change("hub", "") in bus.changes
    assert len(bus.changes) < 70
