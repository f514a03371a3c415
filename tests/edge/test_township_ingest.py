"""What the township does with what hubs say: nothing lost, nothing twice, nobody harmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.clock import SimulatedClock
from edge.errors import StoreError, StoreFull
from edge.link.township import Stored
from edge.township.ingest import Resync
from edge.township.store import Store
from edge.township.store.records import Order
from edge.township.store.tables import inbox
from tests.edge.township_hub import JPEG, NOON, Bytes, FakeHub, Post, fresh_database, uid

Box = tuple[Store, Post, SimulatedClock]


@contextmanager
def township() -> Iterator[Box]:
    with TemporaryDirectory() as folder:
        clock = SimulatedClock()
        store = Store(fresh_database(Path(folder)), clock)
        try:
            yield store, Post(store, clock), clock
        finally:
            store.close()


@pytest.fixture
def box() -> Iterator[Box]:
    with township() as made:
        yield made


def raw_rows(store: Store) -> list[Any]:
    with store.database.read() as connection:
        return list(connection.execute(sa.select(inbox).order_by(inbox.c.hub, inbox.c.seq)))


def test_an_incident_is_stored_acknowledged_and_shown(box: Box) -> None:
    """An opened incident becomes an alert that nobody has taken yet, and its row is safe."""
    store, ingest, clock = box
    hub = FakeHub()
    kept, _ = ingest.store_batch([hub.incident(uid(1), 1)])
    assert kept == [Stored(hub.id, hub.stream, 1)]
    [alert] = store.alerts()
    assert (alert.hub, alert.id, alert.state, alert.phase) == (hub.id, uid(1), "received", "opened")
    assert alert.stored_at == clock.wall()
    assert alert.opened_at == NOON.timestamp()
    assert alert.clock_trusted


def test_a_row_that_comes_twice_counts_once_and_is_acknowledged_twice(box: Box) -> None:
    """A redelivered row changes nothing, but its hub hears again that it may forget it."""
    store, ingest, _ = box
    row = FakeHub().incident(uid(1), 1)
    first, _ = ingest.store_batch([row])
    again, _ = ingest.store_batch([row, row])
    assert again == first * 2
    assert len(store.alerts()) == 1
    assert len(store.story("lin-jia-cun", uid(1)).history) == 1  # type: ignore[union-attr]
    assert (ingest.counts.stored, ingest.counts.duplicates) == (1, 2)


def test_an_older_revision_never_overrides_a_newer_one(box: Box) -> None:
    """Revisions are applied by number, and all of them stay in the history."""
    store, ingest, _ = box
    hub = FakeHub()
    rows = [hub.incident(uid(1), 1), hub.incident(uid(1), 2), hub.incident(uid(1), 3, "closed")]
    ingest.store_batch([rows[2]])
    ingest.store_batch([rows[0], rows[1]])
    story = store.story(hub.id, uid(1))
    assert story is not None
    assert (story.alert.rev, story.alert.phase) == (3, "closed")
    assert sorted(event.rev or 0 for event in story.history) == [1, 2, 3]


def test_a_picture_may_come_before_its_incident(box: Box) -> None:
    """Evidence waits for its alert and is found as soon as that is here."""
    store, ingest, _ = box
    hub = FakeHub()
    ingest.store_batch([hub.evidence(uid(1))])
    assert store.alerts() == []
    ingest.store_batch([hub.incident(uid(1), 1)])
    [alert] = store.alerts()
    assert store.picture(hub.id, uid(1), alert.picture) == JPEG
    assert "thumbnail" in raw_rows(store)[0].raw
    assert len(raw_rows(store)[0].raw) < 600


def test_a_hub_cannot_speak_for_another(box: Box) -> None:
    """An envelope whose hub is not the topic's hub is refused, counted and complained about."""
    store, ingest, _ = box
    forged = FakeHub(id="wang-jia-cun").incident(uid(1), 1)
    topic = "vh1/h/lin-jia-cun/evt/incident"
    kept, _ = ingest.store_batch([Bytes(topic, forged.payload)])
    assert kept == []
    assert store.alerts() == []
    assert ingest.counts.refused == 1
    assert "wang-jia-cun" in store.hub("lin-jia-cun").problem  # type: ignore[union-attr]


def test_two_hubs_with_the_same_incident_id_do_not_touch_each_other(box: Box) -> None:
    """A hub that uses another's incident id makes an alert of its own."""
    store, ingest, _ = box
    one, other = FakeHub(), FakeHub(id="wang-jia-cun", stream=uid(0xB2), village="王家村")
    ingest.store_batch([one.incident(uid(1), 1), other.incident(uid(1), 9, "closed")])
    assert {(alert.hub, alert.rev) for alert in store.alerts()} == {
        (one.id, 1),
        (other.id, 9),
    }


def test_an_unknown_kind_of_event_is_kept_raw_flagged_and_acknowledged(box: Box) -> None:
    """A newer hub's event is not lost and does not block its outbox."""
    store, ingest, _ = box
    hub = FakeHub()
    kept, _ = ingest.store_batch([hub.row("cn.village.incident.v9", {"future": "行"})])
    assert len(kept) == 1
    [row] = raw_rows(store)
    assert "newer than this township" in row.problem
    assert json.loads(row.raw)["data"] == {"future": "行"}
    assert ingest.counts.flagged == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"rev": "three"},
        {"severity": "panic"},
        {"opened_at": "yesterday"},
        {"camera": "../../etc"},
        {"score": 7},
        {"id": "not-a-uuid"},
        {"camera_name": "x" * 2000},
    ],
)
def test_a_broken_event_does_not_stop_the_others(box: Box, broken: dict[str, Any]) -> None:
    """What cannot be used is stored raw and flagged; its neighbours in the batch are applied."""
    store, ingest, _ = box
    hub = FakeHub()
    good = hub.incident(uid(1), 1)
    kept, _ = ingest.store_batch([good, hub.incident(uid(2), 1, **broken), hub.incident(uid(3), 1)])
    assert len(kept) == 3
    assert {alert.id for alert in store.alerts()} == {uid(1), uid(3)}
    assert [bool(row.problem) for row in raw_rows(store)] == [False, True, False]


@pytest.mark.parametrize(
    "extreme",
    [
        {"count": 2**200},
        {"rev": 2**63},
        {"dwell_s": 1e308},
        {"opened_at": "9999-12-31T23:59:59Z", "seen_at": "0001-01-01T00:00:00Z"},
        {"camera_name": "\0村"},
        {"zone_name": "<script>alert(1)</script>"},
    ],
)
def test_extreme_values_are_stored_within_bounds(box: Box, extreme: dict[str, Any]) -> None:
    """Numbers, dates and characters that a database refuses cannot stop a batch."""
    store, ingest, _ = box
    ingest.store_batch([FakeHub().incident(uid(1), 1, **extreme)])
    [alert] = store.alerts()
    assert 0 <= alert.opened_at <= 4_102_444_800
    assert "\0" not in alert.camera_name


@given(payload=st.binary(max_size=200), name=st.sampled_from(["evt/incident", "hb", "state"]))
@settings(max_examples=30, deadline=None)
def test_garbage_is_refused_and_nothing_is_stored(payload: bytes, name: str) -> None:
    """Random bytes on any topic are refused without an exception."""
    with township() as (store, ingest, _):
        kept, resyncs = ingest.store_batch([Bytes(f"vh1/h/lin-jia-cun/{name}", payload)])
        assert (kept, resyncs) == ([], [])
        assert raw_rows(store) == []


@pytest.mark.parametrize(
    "message",
    [
        Bytes("vh1/h/lin-jia-cun/evt/incident", b"x" * 70_000),
        Bytes("vh1/h/lin-jia-cun/evt/incident", b"[" * 60_000),
        Bytes("vh1/h/lin-jia-cun/evt/incident", b'{"a":"\xff"}'),
        Bytes("vh1/h/LIN/evt/incident", b"{}"),
        Bytes("vh2/h/lin/evt/incident", b"{}"),
        Bytes("vh1/h/lin/whatever", b"{}"),
        Bytes("", b""),
    ],
    ids=["huge", "deep", "no-utf8", "bad-hub", "other-tree", "unknown-topic", "empty"],
)
def test_hostile_messages_are_counted_not_stored(box: Box, message: Bytes) -> None:
    """Messages outside the contract leave only a count."""
    store, ingest, _ = box
    assert ingest.store_batch([message])[0] == []
    assert ingest.refused == 1
    assert raw_rows(store) == []


def test_a_picture_that_is_no_jpeg_is_flagged(box: Box) -> None:
    """Only JPEG bytes become a picture that a browser may see."""
    store, ingest, _ = box
    hub = FakeHub()
    ingest.store_batch([hub.incident(uid(1), 1), hub.evidence(uid(1), jpeg=b"<svg onload=x>")])
    assert store.alerts()[0].picture == ""
    assert ingest.counts.flagged == 1


def _story_of(hub: FakeHub) -> list[Bytes]:
    hub.incident(uid(1), 1)
    hub.evidence(uid(1), "11" * 32)
    hub.receipt("a1", "queued", incident=uid(1))
    hub.incident(uid(1), 2)
    hub.receipt("a1", "started", incident=uid(1))
    hub.evidence(uid(1), "22" * 32)
    hub.incident(uid(2), 1, severity="life_safety")
    hub.receipt("a1", "finished", incident=uid(1), seconds=6.5, proof="bytes")
    hub.incident(uid(1), 3, "closed")
    hub.row("cn.village.future.v3", {"x": 1})
    hub.receipt("a2", "failed", reason="功放没有电。")
    hub.evidence(uid(2), "33" * 32)
    return hub.rows


def _end_state(store: Store) -> dict[str, Any]:
    return {
        "alerts": sorted((asdict(a) for a in store.alerts()), key=lambda a: a["id"]),
        "receipts": sorted((asdict(r) for r in store.receipts()), key=lambda r: r["announcement"]),
        "history": [
            sorted((e.rev or 0, e.what) for e in store.story("lin-jia-cun", a.id).history)  # type: ignore[union-attr]
            for a in sorted(store.alerts(), key=lambda a: a.id)
        ],
        "inbox": [(r.seq, r.event_id, r.raw, r.problem) for r in raw_rows(store)],
        "gaps": [g for g in store.gaps() if g.state != "filled"],
    }


def _run(batches: list[list[Bytes]], last: Bytes) -> dict[str, Any]:
    with township() as (store, ingest, _):
        for batch in batches:
            ingest.store_batch(batch)
        ingest.store_batch([last])
        return _end_state(store)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_and_any_repetition_ends_in_the_same_state(data: st.DataObject) -> None:
    """However rows are shuffled, repeated and cut into batches, the township knows the same."""
    hub = FakeHub()
    rows = _story_of(hub)
    order = data.draw(st.permutations(rows))
    repeated = data.draw(st.lists(st.sampled_from(rows), max_size=8))
    beats = data.draw(st.lists(st.integers(0, len(order)), max_size=2))
    mixed = data.draw(st.permutations([*order, *repeated]))
    for place in beats:
        mixed.insert(place, hub.heartbeat(1))
    cut = data.draw(st.integers(1, len(mixed)))
    last = hub.heartbeat(len(rows) + 1)
    assert _run([mixed[:cut], mixed[cut:]], last) == _run([rows], last)


def test_a_crash_between_commit_and_acknowledgement_is_absorbed(tmp_path: Path) -> None:
    """What was committed but never acknowledged comes again after the restart and counts once."""
    hub, clock = FakeHub(), SimulatedClock()
    url = f"sqlite:///{tmp_path}/township.db"
    rows = _story_of(hub)
    before = Store(url, clock)
    Post(before, clock).store_batch(rows)
    store = Store(url, clock)
    kept, _ = Post(store, clock).store_batch(rows)
    assert [key.seq for key in kept] == list(range(1, len(rows) + 1))
    assert len(store.alerts()) == 2
    assert len(raw_rows(store)) == len(rows)
    store.close()
    before.close()  # only now: a process that dies closes nothing


def test_a_batch_that_cannot_be_committed_leaves_nothing_behind(box: Box) -> None:
    """When the disk fills in the middle of a batch, nothing of it is stored or acknowledged."""
    store, ingest, _ = box
    hub = FakeHub()
    with store.database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    engine = store.database._engine

    @sa.event.listens_for(engine, "begin")
    def _small(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")

    rows = [hub.incident(uid(number), 1, camera_name="村" * 80) for number in range(1, 300)]
    with pytest.raises(StoreFull, match="nothing was half written"):
        ingest.store_batch(rows)
    assert store.alerts() == []
    assert ingest.counts.stored == 0


def test_a_will_of_an_older_boot_never_overrides_a_newer_birth(box: Box) -> None:
    """The good-bye of the last power cut, delivered late, does not make a living hub offline."""
    store, ingest, _ = box
    hub = FakeHub(boot=17)
    ingest.store_batch([hub.birth(), hub.state("offline", boot=16)])
    assert store.hub(hub.id).state == "online"  # type: ignore[union-attr]
    ingest.store_batch([hub.state("offline", boot=17)])
    assert store.hub(hub.id).state == "offline"  # type: ignore[union-attr]


def test_a_new_memory_card_counts_its_boots_from_one_again(box: Box) -> None:
    """A hub with a new stream is believed, though its boot number is smaller; its old will is not.

    The card was replaced: stream and boot numbers start again.
    """
    store, ingest, _ = box
    old, new = FakeHub(boot=17), FakeHub(boot=1, stream=uid(0xA2))
    ingest.store_batch([old.birth(), new.birth(), old.state("offline")])
    known = store.hub("lin-jia-cun")
    assert known is not None
    assert (known.boot, known.stream, known.state) == (1, new.stream, "online")


def test_a_will_is_no_sign_of_life(box: Box) -> None:
    """`last_seen` moves when the hub speaks itself, not when the broker speaks for it."""
    store, ingest, clock = box
    hub = FakeHub()
    ingest.store_batch([hub.birth()])
    seen = clock.wall()
    clock.advance(100)
    ingest.store_batch([hub.state("offline")])
    assert store.hub(hub.id).last_seen == seen  # type: ignore[union-attr]


def test_a_hole_is_noticed_and_closed_when_the_row_comes(box: Box) -> None:
    """Rows the hub no longer has and that never came are shown as missing until they come."""
    store, ingest, _ = box
    hub = FakeHub()
    ingest.store_batch([hub.birth()])
    rows = [hub.incident(uid(n), 1) for n in range(1, 7)]
    ingest.store_batch([rows[0], rows[1], rows[4], hub.heartbeat(6, next_seq=7)])
    assert [(g.first_seq, g.last_seq, g.state) for g in store.gaps()] == [(3, 4, "missing")]
    ingest.store_batch([rows[2]])
    assert [(g.count, g.state) for g in store.gaps()] == [(1, "missing")]
    ingest.store_batch([rows[3]])
    assert [g.state for g in store.gaps()] == ["filled"]


@pytest.mark.parametrize("told_first", [True, False])
def test_rows_that_expired_on_the_hub_are_no_loss_but_are_told(box: Box, told_first: bool) -> None:
    """The hub says which rows it dropped, before or after the hole was noticed."""
    store, ingest, _ = box
    hub = FakeHub()
    ingest.store_batch([hub.birth()])
    rows = [hub.incident(uid(n), 1) for n in range(1, 5)]
    told = hub.row(
        "cn.village.expired.v1",
        {"type": "cn.village.evidence.v1", "count": 2, "first_seq": 2, "last_seq": 3},
    )
    beat = hub.heartbeat(5, next_seq=6)
    ingest.store_batch([rows[0], rows[3], *([told, beat] if told_first else [beat, told])])
    assert [(g.first_seq, g.last_seq, g.state) for g in store.gaps()] == [(2, 3, "expired")]


def test_what_a_hub_forgot_before_we_met_is_no_alarm(box: Box) -> None:
    """A township with a new database does not call a hub's past a loss."""
    store, ingest, _ = box
    hub = FakeHub()
    hub.rows = [hub.incident(uid(n), 1) for n in range(1, 10)]
    ingest.store_batch([hub.birth(oldest=8)])
    assert [(g.first_seq, g.last_seq, g.state) for g in store.gaps()] == [(1, 7, "before")]


def test_a_hub_that_holds_what_we_have_is_asked_to_send_again_but_not_forever(box: Box) -> None:
    """When an acknowledgement was lost, the hub is asked once, and again only after ten minutes."""
    _, ingest, clock = box
    hub = FakeHub()
    ingest.store_batch([hub.birth(), hub.incident(uid(1), 1)])
    stuck = hub.heartbeat(1, age_s=120.0)
    assert ingest.store_batch([stuck])[1] == [Resync(hub.id, hub.stream, 1)]
    assert ingest.store_batch([stuck])[1] == []
    clock.advance(601)
    assert ingest.store_batch([stuck])[1] == [Resync(hub.id, hub.stream, 1)]


def test_a_claim_of_astronomic_numbers_costs_nothing(box: Box) -> None:
    """A hostile window is one line in the list of gaps."""
    store, ingest, _ = box
    hub = FakeHub()
    ingest.store_batch([hub.birth(), hub.heartbeat(2**53 - 2, next_seq=2**53 - 1)])
    assert len(store.gaps()) == 1


def test_a_copied_memory_card_is_reported_and_loses_nothing(box: Box) -> None:
    """The same row number with another event inside is kept as well, once, and complained about."""
    store, ingest, _ = box
    one, copy = FakeHub(), FakeHub()
    row, other = one.incident(uid(1), 1), copy.incident(uid(2), 1)
    changed = other.payload.replace(json.loads(other.payload)["id"].encode(), uid(99).encode(), 1)
    twin = Bytes(other.topic, changed)
    ingest.store_batch([row, twin, row, twin])
    assert {alert.id for alert in store.alerts()} == {uid(1), uid(2)}
    assert (ingest.counts.stored, ingest.counts.duplicates) == (2, 2)
    assert "copied" in store.hub(one.id).problem  # type: ignore[union-attr]


@pytest.mark.parametrize("order", [("accepted", "done"), ("done", "accepted")])
def test_an_answer_only_moves_an_order_forward(box: Box, order: tuple[str, str]) -> None:
    """Answers in any order end in the same state, and another hub's answer is refused."""
    store, ingest, _ = box
    hub = FakeHub()
    store.put_order(_order(hub.id))
    for outcome in order:
        ingest.store_batch([hub.reply(uid(50), outcome, "好的。")])
    done = store.order(uid(50))
    assert done is not None
    assert done.state == "done"
    assert done.ended_at
    ingest.store_batch([FakeHub(id="wang-jia-cun").reply(uid(50), "refused")])
    assert ingest.counts.refused == 1
    assert store.order(uid(50)).state == "done"  # type: ignore[union-attr]


def test_a_late_answer_corrects_our_guess_that_none_came(box: Box) -> None:
    """An order that lapsed here but was played there is shown as what the village says."""
    store, ingest, clock = box
    hub = FakeHub()
    store.put_order(_order(hub.id))
    assert store.expire_orders(now=clock.wall() + 9e5, grace_s=10, sentence="none") == 1
    ingest.store_batch([hub.reply(uid(50), "accepted"), hub.reply(uid(50), "done", "播完了。")])
    assert store.order(uid(50)).state == "done"  # type: ignore[union-attr]


def _order(hub: str) -> Order:
    now = NOON.timestamp()
    return Order(
        uid(50), hub, "announce", "李主任", "{}", "{}", "sent", "", now, now + 120, None, None
    )


def test_the_memory_says_what_is_wrong_in_a_sentence(box: Box) -> None:
    """A database error reaches the caller as a sentence of ours."""
    store, _, _ = box
    with pytest.raises(StoreError, match="township database refused"), store.database.read() as c:
        c.exec_driver_sql("SELECT nothing FROM nowhere")
