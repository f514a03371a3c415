"""The memory of the box: incidents, plays, orders, outbox and staff in one file."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock import SimulatedClock
from edge.errors import StoreError
from edge.people import Account, Role, Session
from edge.store.hub import HubStore
from edge.store.records import Incident, Lane, OutboxEntry, PlayRecord
from tests.fakes.records import an_entry, an_incident


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def store(tmp_path: Path, clock: SimulatedClock) -> Iterator[HubStore]:
    opened = HubStore.open(tmp_path, clock)
    yield opened
    opened.close()


def a_play(clock: SimulatedClock, **changes: object) -> PlayRecord:
    record = PlayRecord(
        announcement="a-1",
        speaker="gate",
        text="请离开",
        priority=2,
        source="talkdown",
        state="queued",
        requested=clock.stamp(),
        changed=clock.stamp(),
    )
    return dataclasses.replace(record, **changes)  # type: ignore[arg-type]


def test_an_incident_and_its_message_are_kept_together(
    store: HubStore, clock: SimulatedClock
) -> None:
    """What was saved is read back whole, and its message waits in the outbox."""
    incident = an_incident(clock, box=(0.1, 0.2, 0.3, 0.4), evidence="ab" * 32)
    entry = an_entry(incident)
    assert store.save_incident(incident, [entry]) == [1]
    assert store.incident(incident.id) == incident
    (row,) = store.pending(10)
    assert (row.seq, row.entry, row.created) == (1, entry, clock.stamp())


def test_a_message_that_cannot_be_kept_takes_its_incident_with_it(
    store: HubStore, clock: SimulatedClock
) -> None:
    """An event id that exists already rolls the whole transaction back."""
    first = an_incident(clock)
    entry = an_entry(first)
    store.save_incident(first, [entry])
    second = an_incident(clock)
    with pytest.raises(StoreError, match=r"hub\.db"):
        store.save_incident(second, [entry])
    assert store.incident(second.id) is None
    assert store.window().queued == 1


def test_a_verdict_survives_the_next_revision(store: HubStore, clock: SimulatedClock) -> None:
    """The hub's next revision does not wipe what the staff said, and is unsent again."""
    incident = an_incident(clock)
    store.save_incident(incident, [an_entry(incident)])
    assert store.set_verdict(incident.id, "confirmed", "wang")
    store.acknowledge(store.stream_id, [(1, 1)])
    store.save_incident(dataclasses.replace(incident, rev=2, count=4), [])
    kept = store.incident(incident.id)
    assert kept is not None
    assert (kept.rev, kept.count, kept.verdict, kept.sent) == (2, 4, "confirmed", False)
    (entry,) = store.audit_log(10)
    assert (entry.who, entry.action, entry.target) == ("wang", "verdict", incident.id)
    assert entry.detail == {"verdict": "confirmed"}
    assert not store.set_verdict("unknown", "confirmed", "wang")


def test_an_older_revision_does_not_win(store: HubStore, clock: SimulatedClock) -> None:
    """A revision that arrives late leaves the newer one alone."""
    incident = an_incident(clock, rev=3)
    store.save_incident(incident, [])
    store.save_incident(dataclasses.replace(incident, rev=2, count=99), [])
    assert store.incident(incident.id) == incident


def test_incidents_are_listed_newest_first_and_by_page(
    store: HubStore, clock: SimulatedClock
) -> None:
    """Order is that of saving, also when the wall clock jumps back; pages do not overlap."""
    saved: list[Incident] = []
    for number in range(7):
        clock.jump(-3600)
        camera = "gate" if number % 2 else "square"
        closed = clock.stamp() if number < 3 else None
        saved.append(an_incident(clock, camera=camera, closed=closed))
        store.save_incident(saved[-1], [])
    newest = saved[::-1]
    assert store.incidents(3) == newest[:3]
    assert store.incidents(3, before=newest[2].id) == newest[3:6]
    assert store.incidents(9, camera="gate") == [one for one in newest if one.camera == "gate"]
    assert store.incidents(9, open_only=True) == newest[:4] == store.open_incidents()
    assert store.incidents(9, before="unknown") == []


def test_only_the_ack_of_the_newest_revision_marks_it_sent(
    store: HubStore, clock: SimulatedClock
) -> None:
    """An ack of an older revision, of another stream or of another row marks nothing."""
    incident = an_incident(clock)
    store.save_incident(incident, [an_entry(incident)])
    second = dataclasses.replace(incident, rev=2)
    store.save_incident(second, [an_entry(second)])
    assert store.acknowledge("00000000-0000-4000-8000-00000000dead", [(1, 9)]) == 0
    assert store.acknowledge(store.stream_id, [(1, 1)]) == 1
    assert store.open_incidents()[0].sent is False
    assert store.acknowledge(store.stream_id, [(1, 2)]) == 1
    assert store.open_incidents()[0].sent is True
    assert store.acknowledge(store.stream_id, [(1, 2)]) == 0


def test_urgent_lanes_go_first_and_rows_in_flight_are_not_given_again(
    store: HubStore, clock: SimulatedClock
) -> None:
    """Rows come by lane, then by number, without those that are under way."""
    lanes = [Lane.THUMBNAIL, Lane.INCIDENT, Lane.LIFE_SAFETY, Lane.INCIDENT]
    incident = an_incident(clock)
    store.save_incident(incident, [an_entry(incident, lane=lane) for lane in lanes])
    assert [row.seq for row in store.pending(10)] == [3, 2, 4, 1]
    assert [row.seq for row in store.pending(2, frozenset({3, 4}))] == [2, 1]


def test_the_window_shows_holes_and_age(store: HubStore, clock: SimulatedClock) -> None:
    """Oldest, next, queued and age follow the rows; an empty outbox points at the next number."""
    assert store.window().oldest == store.window().next_seq == 1
    incident = an_incident(clock)
    store.save_incident(incident, [an_entry(incident) for _ in range(3)])
    clock.advance(40)
    clock.jump(-86_400)
    store.acknowledge(store.stream_id, [(1, 1), (3, 3)])
    window = store.window()
    assert (window.oldest, window.next_seq, window.queued, window.oldest_age_s) == (2, 4, 1, 40.0)
    store.acknowledge(store.stream_id, [(2, 2)])
    assert store.window().next_seq == 4


def test_numbers_are_never_reused_after_a_restart(tmp_path: Path, clock: SimulatedClock) -> None:
    """Also when every row has gone, the next row gets a new number; the boot is counted up."""
    first = HubStore.open(tmp_path, clock)
    incident = an_incident(clock)
    first.save_incident(incident, [an_entry(incident), an_entry(incident)])
    first.acknowledge(first.stream_id, [(1, 2)])
    first.close()
    second = HubStore.open(tmp_path, clock)
    try:
        assert second.save_incident(incident, [an_entry(incident)]) == [3]
        assert second.stream_id == first.stream_id
        assert (first.boot, second.boot) == (1, 2)
        assert second.begin_stream() == second.window().stream != first.stream_id
    finally:
        second.close()


@pytest.mark.parametrize(
    ("trusted_then", "trusted_now", "gone"), [(True, True, 1), (False, True, 0), (True, False, 0)]
)
def test_rows_of_an_earlier_boot_expire_only_by_trusted_clocks(
    tmp_path: Path, *, trusted_then: bool, trusted_now: bool, gone: int
) -> None:
    """A clock nobody believes throws nothing away."""
    clock = SimulatedClock(trusted=trusted_then)
    store = HubStore.open(tmp_path, clock)
    try:
        incident = an_incident(clock)
        store.save_incident(incident, [an_entry(incident, expires_s=60.0)])
        clock.reboot("another", wall_s=clock.wall() + 3600, trusted=trusted_now)
        assert store.expire() == gone
    finally:
        store.close()


def test_what_expired_is_told(store: HubStore, clock: SimulatedClock) -> None:
    """Dropped rows leave one row per type that says how many; incidents never expire."""
    incident = an_incident(clock)
    thumb = [
        OutboxEntry(f"thumb-{n}", "cn.village.evidence.v1", b"{}", Lane.THUMBNAIL, 60.0)
        for n in range(3)
    ]
    store.save_incident(incident, [an_entry(incident), *thumb])
    assert store.expire() == 0
    clock.advance(61)
    assert store.expire() == 3
    kept, told = store.pending(10)
    assert kept.entry.type == "cn.village.incident.v1"
    assert json.loads(told.entry.data) == {
        "type": "cn.village.evidence.v1",
        "count": 3,
        "first_seq": 2,
        "last_seq": 4,
        "reason": "expired",
        "ranges": [[2, 4]],
        "since_s": clock.wall() - 61,
        "until_s": clock.wall() - 61,
    }
    assert store.expire() == 0


def test_plays_keep_their_newest_state(store: HubStore, clock: SimulatedClock) -> None:
    """A play has one row per speaker; what has no end yet is found after a power cut."""
    play = a_play(clock, incident="i-1")
    store.save_play(play)
    clock.advance(2)
    receipt = OutboxEntry("r-1", "cn.village.speaker.v1", b"{}", Lane.RECEIPT)
    started = dataclasses.replace(play, state="started", changed=clock.stamp())
    assert store.save_play(started, [receipt]) == [1]
    other = a_play(clock, speaker="square", state="finished")
    store.save_play(other)
    assert store.plays(10) == [other, started]
    assert store.plays(10, incident="i-1") == [started]
    assert store.unfinished_plays() == [started]
    assert store.play_seen("a-1")
    assert not store.play_seen("a-2")


def test_an_order_is_taken_once(store: HubStore, clock: SimulatedClock) -> None:
    """The second time the old answer comes back, also while there is none yet."""
    assert store.take_command("c-1", "announce", "li") is None
    again = store.take_command("c-1", "announce", "li")
    assert again is not None
    assert again.outcome == "accepted"
    assert [record.id for record in store.unfinished_commands()] == ["c-1"]
    store.answer_command("c-1", "done", "播放完毕")
    answered = store.take_command("c-1", "stop", "somebody else")
    assert answered is not None
    assert (answered.name, answered.issuer) == ("announce", "li")
    assert (answered.outcome, answered.sentence) == ("done", "播放完毕")
    assert store.unfinished_commands() == []


def test_staff_sessions_and_links(store: HubStore) -> None:
    """Accounts keep role and cameras; removing one ends its sessions; a link works once."""
    wang = Account("wang", Role.STAFF, "hash", frozenset({"gate", "square"}))
    store.put_account(wang)
    store.put_session(Session("t1", "wang", "csrf", 0.0, 100.0))
    store.put_account(dataclasses.replace(wang, role=Role.ADMIN, cameras=None))
    assert store.session("t1") == Session("t1", "wang", "csrf", 0.0, 100.0)
    assert store.accounts() == [Account("wang", Role.ADMIN, "hash", None)]
    store.remove_account("wang")
    assert store.account("wang") is None
    assert store.session("t1") is None
    with pytest.raises(StoreError):
        store.put_session(Session("t2", "nobody", "csrf", 0.0, 100.0))
    store.put_invitation("link", wang, 50.0)
    assert store.take_invitation("other", 10.0) is None
    assert store.take_invitation("link", 10.0) == wang == store.account("wang")
    assert store.take_invitation("link", 10.0) is None
    store.put_invitation("late", wang, 50.0)
    assert store.take_invitation("late", 51.0) is None
    store.put_session(Session("t3", "wang", "csrf", 0.0, 100.0))
    store.put_session(Session("t4", "wang", "csrf", 200.0, 300.0))
    assert store.session("t3") is None
    store.end_sessions_of("wang")
    assert store.session("t4") is None


def test_of_two_who_use_one_link_one_gets_in(store: HubStore) -> None:
    """A one-time link is used up atomically."""
    store.put_invitation("link", Account("wang", Role.STAFF), 50.0)
    got: list[Account | None] = []
    threads = [
        threading.Thread(target=lambda: got.append(store.take_invitation("link", 1.0)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(account is not None for account in got) == 1


def test_many_threads_write_at_once(store: HubStore, clock: SimulatedClock) -> None:
    """Writers that come together each get their own numbers, and a failing one fails alone."""
    failures: list[StoreError] = []

    def write(number: int) -> None:
        incident = an_incident(clock)
        entry = an_entry(incident)
        store.save_incident(incident, [entry])
        if number % 4 == 0:
            try:
                store.save_incident(incident, [entry])
            except StoreError as error:
                failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.seq for row in store.pending(100)] == list(range(1, 41))
    assert len(failures) == 10


def test_settings_are_kept(tmp_path: Path, clock: SimulatedClock) -> None:
    """A small value is there after a restart, and a closed store says so."""
    store = HubStore.open(tmp_path, clock)
    assert store.setting("language") is None
    store.put_setting("language", "zh")
    store.put_setting("language", "en")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.put_setting("language", "zh")
    again = HubStore.open(tmp_path, clock)
    assert again.setting("language") == "en"
    again.close()
