"""The desk of incidents: ids, revisions, evidence, adoption after a restart."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SimulatedClock
from edge.errors import StoreFull
from edge.incidents import IncidentDesk, RuleFacts, Surroundings
from edge.link.messages import MAX_ALERT_BYTES
from edge.store.records import Lane
from tests.fakes.memory import Album, Memory
from vision.reports import IncidentReport, Phase

AROUND = Surroundings(
    village="林家村",
    grid="340123",
    cameras={"shuiku": "水库东岸"},
    rules={("shuiku", "intrusion", "bank", ""): RuleFacts("life_safety", speak=True)},
)


def ids() -> Iterator[str]:
    return (str(uuid.UUID(int=n)) for n in count(1))


def desk(
    memory: Memory, album: Album | None = None, clock: SimulatedClock | None = None
) -> IncidentDesk:
    names = ids()
    start = len(memory.outbox) * 10 + 1000 * len(memory.incidents)
    for _ in range(start):
        next(names)
    return IncidentDesk(
        memory,
        album or Album(),
        AROUND,
        clock=clock or SimulatedClock(),
        new_id=lambda: next(names),
        thumbnail=lambda jpeg: jpeg[:10],
        on_change=lambda _incident, _phase: None,
    )


def report(
    phase: Phase, *, score: float = 0.8, jpeg: bytes = b"", at: float = 999.0
) -> IncidentReport:
    return IncidentReport(
        key="k",
        phase=phase,
        camera="shuiku",
        kind="intrusion",
        zone="bank",
        zone_name="东岸",
        label="person",
        score=score,
        count=1,
        dwell_s=4.2,
        box=(0.1, 0.2, 0.3, 0.4),
        frame_mono_s=at,
        first_mono_s=at - 4,
        jpeg=jpeg,
    )


def test_an_incident_keeps_its_id_from_opening_to_closing() -> None:
    """Opened, updated and closed are three revisions of one incident."""
    memory = Memory()
    at_desk = desk(memory)
    taken = [at_desk.take(report(phase)) for phase in (Phase.OPENED, Phase.UPDATED, Phase.CLOSED)]
    assert len({i.id for i in taken if i}) == 1
    assert [i.rev for i in taken if i] == [1, 2, 3]
    phases = [json.loads(e.data)["phase"] for e in memory.outbox]
    assert phases == ["opened", "updated", "closed"]
    assert at_desk.open == []


def test_the_alert_goes_in_the_lane_of_its_severity_and_before_its_picture() -> None:
    """What the owner called life-safety is sent first; the thumbnail last."""
    memory, album = Memory(), Album()
    taken = desk(memory, album).take(report(Phase.OPENED, jpeg=b"\xff\xd8 picture"))
    assert taken is not None
    assert [e.lane for e in memory.outbox] == [Lane.LIFE_SAFETY, Lane.THUMBNAIL]
    assert taken.evidence in album.pictures


def test_time_is_that_of_the_frame_not_of_the_writing() -> None:
    """`opened` is when the deciding frame was captured, on both clocks."""
    clock = SimulatedClock()
    taken = desk(Memory()).take(report(Phase.OPENED, at=clock.monotonic() - 3))
    assert taken is not None
    assert taken.opened.mono_s == pytest.approx(clock.monotonic() - 3)
    assert taken.opened.wall_s == pytest.approx(clock.wall() - 3)


def test_who_comes_after_a_restart_is_an_incident_of_his_own() -> None:
    """What was there is adopted; who came into view well after the camera was back is not."""
    memory = Memory()
    before = desk(memory).take(report(Phase.OPENED))
    for first_s, same in ((1.0, True), (7.0, False)):
        at_desk = desk(memory)
        at_desk.camera_back("shuiku")  # at 1000 on the clock
        taken = at_desk.take(report(Phase.OPENED, at=1004 + first_s))
        assert before is not None
        assert taken is not None
        assert (taken.id == before.id) is same
    phases = [json.loads(e.data)["phase"] for e in memory.outbox]
    assert phases == ["opened", "updated", "closed", "opened"]


def test_yesterdays_incident_does_not_swallow_tonights() -> None:
    """The box was off for long: whoever is there now is told and warned of anew."""
    memory = Memory()
    before = desk(memory).take(report(Phase.OPENED))
    at_desk = desk(memory, clock=SimulatedClock(SimulatedClock().wall() + 3600))
    taken = at_desk.take(report(Phase.OPENED))
    assert before is not None
    assert taken is not None
    assert taken.id != before.id


def test_a_full_disk_loses_nothing_that_is_still_there() -> None:
    """When writing fails the incident is not half known: the next report writes it whole."""
    memory = Memory()
    at_desk = desk(memory)
    memory.full = True
    with pytest.raises(StoreFull):
        at_desk.take(report(Phase.OPENED))
    memory.full = False
    taken = at_desk.take(report(Phase.UPDATED))
    assert taken is not None
    assert taken.rev == 1
    assert json.loads(memory.outbox[0].data)["phase"] == "opened"


def test_what_was_open_before_a_power_cut_is_adopted_not_doubled() -> None:
    """The same place reported again after a restart continues the same incident."""
    memory = Memory()
    before = desk(memory).take(report(Phase.OPENED))
    after_desk = desk(memory)
    after = after_desk.take(report(Phase.OPENED))
    assert before is not None
    assert after is not None
    assert after.id == before.id
    after_desk.close_orphans(["shuiku"])
    assert len(after_desk.open) == 1


def test_what_was_open_and_is_empty_after_a_restart_is_closed() -> None:
    """An orphan nobody sees again does not stay open for ever."""
    memory = Memory()
    desk(memory).take(report(Phase.OPENED))
    at_desk = desk(memory)
    at_desk.close_orphans(["shuiku"])
    assert at_desk.open == []
    assert json.loads(memory.outbox[-1].data)["phase"] == "closed"


def test_a_condition_of_the_box_is_opened_once_and_closed_once() -> None:
    """A lost camera is itself an incident, however often it is reported."""
    memory = Memory()
    at_desk = desk(memory)
    for holds in (True, True, False, False):
        at_desk.set_condition("camera_lost", "shuiku", holds=holds, severity="notice")
    assert [json.loads(e.data)["phase"] for e in memory.outbox] == ["opened", "closed"]
    assert json.loads(memory.outbox[0].data)["camera_name"] == "水库东岸"


@given(
    st.lists(st.sampled_from(list(Phase)), max_size=30),
    st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_any_order_of_reports_gives_well_formed_lives(
    phases: list[Phase], full: list[bool]
) -> None:
    """Whatever vision says and whenever the disk is full, every life is opened first, revisions
    count up by one, closed comes last, and at most one incident is open for a place.
    """
    memory = Memory()
    at_desk = desk(memory)
    for phase, memory.full in zip(phases, full, strict=False):
        try:
            at_desk.take(report(phase))
        except StoreFull:
            assert memory.full
        assert len(at_desk.open) <= 1
    lives: dict[str, list[tuple[int, str]]] = {}
    for entry in memory.outbox:
        event = json.loads(entry.data)
        lives.setdefault(event["id"], []).append((event["rev"], event["phase"]))
    for life in lives.values():
        assert [rev for rev, _ in life] == list(range(1, len(life) + 1))
        assert life[0][1] == "opened" or len(life) == 1
        assert all(phase == "updated" for _, phase in life[1:-1])


def test_an_alert_is_never_above_its_limit() -> None:
    """Even with the longest names the wire allows, an alert stays within 1 KB."""
    long = "水" * 80
    memory = Memory()
    around = Surroundings(village=long, grid="9" * 32, cameras={"shuiku": long}, rules={})
    at_desk = IncidentDesk(
        memory,
        Album(),
        around,
        clock=SimulatedClock(),
        new_id=lambda: str(uuid.uuid4()),
        thumbnail=bytes,
        on_change=lambda _incident, _phase: None,
    )
    at_desk.take(report(Phase.OPENED))
    assert len(memory.outbox[0].data) <= MAX_ALERT_BYTES


def test_two_rules_of_one_kind_on_one_zone_are_two_incidents() -> None:
    """People and cars watched apart in one zone open and close apart."""
    memory = Memory()
    at_desk = desk(memory)
    people = at_desk.take(report(Phase.OPENED))
    cars = at_desk.take(replace(report(Phase.OPENED), rule="2"))
    assert people is not None
    assert cars is not None
    assert people.id != cars.id
    at_desk.take(replace(report(Phase.CLOSED), rule="2"))
    assert [(i.id, i.rule) for i in at_desk.open] == [(people.id, "")]
