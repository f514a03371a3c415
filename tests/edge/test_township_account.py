"""What a hub says it gave against what is here: exact holes, daily digest, repair, silence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SimulatedClock, SystemClock
from edge.events import Bus
from edge.store.hub import HubStore
from edge.store.limits import OutboxLimits
from edge.store.records import Lane, OutboxEntry
from edge.store.sent import digest_of
from edge.township.figures import CameraFact, PlaceFact, cameras_of, rates, rates_by
from edge.township.fleet import Fleet
from edge.township.store import Store
from edge.township.store.digests import list_comparisons
from edge.township.store.spans import holes_in, without
from edge.township.store.tables import inbox
from tests.edge.township_hub import FakeHub, Post, fresh_database, uid
from tests.fakes.broker import Mosquitto
from tests.fakes.broker_ends import Hub
from tests.fakes.township_ends import TownshipEnd
from tests.waiting import wait_for


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def store(tmp_path: Path, clock: SimulatedClock) -> Iterator[Store]:
    made = Store(fresh_database(tmp_path), clock)
    yield made
    made.close()


spans = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 9)).map(lambda s: (s[0], s[0] + s[1])), max_size=6
)


@given(whole=st.tuples(st.integers(1, 20), st.integers(0, 20)), cuts=spans)
def test_spans_without_others_are_exact(
    whole: tuple[int, int], cuts: list[tuple[int, int]]
) -> None:
    """What is left holds exactly the numbers that no cut holds; so do holes."""
    span = (whole[0], whole[0] + whole[1])
    everything = set(range(span[0], span[1] + 1))
    cut = {n for first, last in cuts for n in range(first, last + 1)}
    left = {n for first, last in without(span, cuts) for n in range(first, last + 1)}
    assert left == everything - cut
    holes = holes_in(span, sorted(everything - cut))
    assert {n for first, last in holes for n in range(first, last + 1)} == everything & cut


def test_rows_dropped_in_two_goes_are_no_loss(store: Store, clock: SimulatedClock) -> None:
    """Two neighbouring notices together explain one hole; what neither explains stays missing."""
    hub, post = FakeHub(), Post(store, clock)
    rows = [hub.incident(uid(n), 1) for n in range(1, 9)]
    post.store_batch([hub.birth(oldest=1), rows[0], rows[7], hub.heartbeat(9)])
    assert [(g.first_seq, g.last_seq, g.state) for g in store.gaps()] == [(2, 7, "missing")]
    for first, last in ((2, 3), (4, 6)):
        data = {
            "type": "cn.village.evidence.v1",
            "count": last - first + 1,
            "first_seq": first,
            "last_seq": last,
            "reason": "superseded",
            "ranges": [[first, last]],
        }
        post.store_batch([hub.row("cn.village.expired.v1", data)])
    found = sorted((g.first_seq, g.last_seq, g.state) for g in store.gaps())
    assert found == [(2, 3, "expired"), (4, 6, "expired"), (7, 7, "missing")]


def a_digest(hub: FakeHub, numbers: range) -> dict[str, object]:
    rows = [(n, str(json.loads(hub.rows[n - 1].payload)["id"])) for n in numbers]
    count, sha256 = digest_of(rows)
    day = "2026-11-18"
    return {
        "day": day,
        "first_seq": numbers[0],
        "last_seq": numbers[-1],
        "count": count,
        "sha256": sha256,
    }


def test_a_day_that_differs_is_told_asked_for_and_repaired(
    store: Store, clock: SimulatedClock
) -> None:
    """A township that lost rows after acknowledging them notices, asks, and is whole again."""
    hub, post = FakeHub(), Post(store, clock)
    rows = [hub.incident(uid(n), 1) for n in range(1, 7)]
    post.store_batch([hub.birth(oldest=1), *rows, hub.heartbeat(7)])
    equal = hub.row("cn.village.digest.v1", a_digest(hub, range(1, 4)))
    post.store_batch([equal])
    with store.database.write() as connection:
        connection.execute(inbox.delete().where(inbox.c.seq.in_([5])))
    post.store_batch([hub.row("cn.village.digest.v1", a_digest(hub, range(4, 7)))])
    assert [(r.hub, r.ranges) for r in post.repairs] == [(hub.id, ((5, 5),))]
    known = store.hub(hub.id)
    assert known is not None
    assert "2 are here" in known.problem
    post.store_batch([hub.heartbeat(9)])
    assert len(post.repairs) == 1
    post.store_batch([rows[4], hub.heartbeat(9)])
    with store.database.read() as connection:
        days = {c.first_seq: c.state for c in list_comparisons(connection)}
    assert days == {1: "equal", 4: "repaired"}


@pytest.mark.mosquitto
def test_a_township_that_came_back_from_an_old_backup_gets_its_rows_again(tmp_path: Path) -> None:
    """Over a real broker: acknowledged, lost, noticed by the day's digest, sent again."""
    clock = SystemClock(synchronised=lambda: True)
    broker = Mosquitto(tmp_path)
    broker.start()
    hub = Hub(tmp_path / "hub", broker.port, "5", clock)
    store = Store(fresh_database(tmp_path), clock)
    township = TownshipEnd(store, broker.port, clock, folder=tmp_path)
    try:
        ids = hub.report(6)
        hub.link.start()
        township.start()
        wait_for(lambda: hub.link.status().queued == 0, what="everything there")
        assert hub.store.queue_digest("2026-11-18")
        assert not hub.store.queue_digest("2026-11-18")
        with store.database.write() as connection:
            connection.execute(inbox.delete().where(inbox.c.seq.between(2, 4)))
        hub.link.wake()

        def state() -> list[str]:
            with store.database.read() as connection:
                return [c.state for c in list_comparisons(connection)]

        def back() -> bool:
            with store.database.read() as connection:
                rows = connection.execute(inbox.select().where(inbox.c.seq.between(2, 4)))
                return len(rows.all()) == 3

        wait_for(back, timeout_s=20, what="the rows")
        # A heartbeat may have noticed the hole, and had it filled, before the digest was compared.
        wait_for(lambda: state() in (["repaired"], ["equal"]), timeout_s=20, what="the digest")
        assert len(store.alerts()) == len(ids) == 6
        wait_for(lambda: hub.link.status().queued == 0, what="everything there again")
    finally:
        hub.close()
        township.close()
        store.close()
        broker.stop()


def test_three_days_away_then_newest_first_and_nothing_superseded(
    tmp_path: Path, clock: SimulatedClock
) -> None:
    """What waits is bounded, old states go, and alerts are never among what is dropped."""
    hub = HubStore.open(tmp_path, clock)
    hub.limits = OutboxLimits(max_rows=30)
    try:
        for number in range(60):
            clock.advance(3 * 1440)
            entry = OutboxEntry(uid(number), "cn.village.evidence.v1", b"{}", Lane.THUMBNAIL)
            alert = OutboxEntry(uid(1000 + number), "cn.village.clock.v1", b"{}", Lane.INCIDENT)
            hub._database.write(lambda writer, two=(entry, alert): hub._append(writer, two))
            hub.expire()
        rows = hub.pending(1000, backlog_until=hub.window().next_seq)
        alerts = [row.seq for row in rows if row.entry.lane == Lane.INCIDENT]
        assert len(alerts) == 60
        assert alerts == sorted(alerts, reverse=True)
        notices = [json.loads(r.entry.data) for r in rows if "expired" in r.entry.type]
        kept = sum(row.entry.type == "cn.village.evidence.v1" for row in rows)
        assert sum(notice["count"] for notice in notices) == 60 - kept
        assert {notice["reason"] for notice in notices} <= {"expired", "full"}
    finally:
        hub.close()


def test_a_silent_village_becomes_an_incident_and_ends_when_it_speaks(
    store: Store, clock: SimulatedClock
) -> None:
    """Once, after the settable time; not while we ourselves cannot hear; closed on return."""
    hub, post = FakeHub(), Post(store, clock)
    since: list[float | None] = [clock.wall()]
    fleet = Fleet(
        store.database,
        Bus(),
        clock,
        offline_after_s=300,
        listening_since_s=lambda: since[0],
    )
    post.store_batch([hub.birth()])
    clock.advance(200)
    assert fleet.tick() == []
    clock.advance(3600)
    since[0] = None
    assert fleet.tick() == []
    since[0] = clock.wall() - 10
    assert fleet.tick() == []
    clock.advance(300)
    assert fleet.tick() == [hub.id]
    assert fleet.tick() == []
    (alert,) = store.alerts()
    assert (alert.kind, alert.phase, alert.severity) == ("hub_offline", "opened", "urgent")
    assert alert.camera_name == hub.village
    post.store_batch([hub.heartbeat(1)])
    assert fleet.tick() == [hub.id]
    (alert,) = store.alerts()
    assert alert.phase == "closed"
    clock.advance(301)
    assert fleet.tick() == [hub.id]
    assert len(store.alerts()) == 2


def test_rates_count_as_the_rules_do(store: Store, clock: SimulatedClock) -> None:
    """Networked of built, online of networked, HD of those seen, places with a camera."""
    hub, post = FakeHub(), Post(store, clock)
    post.store_batch([hub.birth()])
    known = cameras_of(store.hubs(), now=clock.wall(), offline_after_s=300)
    assert [(c.id, c.online, c.hd) for c in known] == [
        ("reservoir-east", True, None),
        ("gate", False, None),
    ]
    late = cameras_of(store.hubs(), now=clock.wall() + 301, offline_after_s=300)
    assert not any(c.online for c in late)
    facts = [
        CameraFact("h1", "a", "东村", "01", online=True, width=1920, height=1080),
        CameraFact("h1", "b", "东村", "01", online=False, width=640, height=480),
        CameraFact("h2", "c", "西村", "02", networked=False),
    ]
    places = [PlaceFact("东村", "01", (("h1", "a"),)), PlaceFact("西村", "02", (("h2", "c"),))]
    every = rates(facts, places)
    assert (every.built, every.networked, every.online) == (3, 2, 1)
    assert every.networked_rate == pytest.approx(2 / 3)
    assert (every.online_rate, every.hd_rate, every.coverage_rate) == (0.5, 0.5, 0.5)
    by_grid = rates_by("grid", facts, places)
    assert by_grid["01"].coverage_rate == 1.0
    assert by_grid["02"].online_rate is None
    assert rates_by("village", facts)["西村"].coverage_rate is None
