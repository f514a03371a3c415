"""What the box sees becomes incidents and speech, also while the disk refuses."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

from edge.clock import SimulatedClock
from edge.events import Bus
from edge.health import CameraBoard
from edge.incidents import IncidentDesk, RuleFacts, Surroundings
from edge.lookout import Lookout
from edge.store.records import Incident
from edge.talkdown import TalkdownPolicy
from tests.fakes.memory import Album, Memory
from tests.waiting import wait_for
from vision.reports import CameraReport, CameraState, IncidentReport, Phase

SEEN = IncidentReport(
    key="k1",
    phase=Phase.OPENED,
    camera="shuiku",
    kind="intrusion",
    zone="bank",
    zone_name="东岸",
    label="person",
    score=0.9,
    count=1,
    dwell_s=2,
    box=(0, 0, 1, 1),
    frame_mono_s=999,
    first_mono_s=997,
)


class House:
    """A lookout with everything around it that it needs."""

    def __init__(self) -> None:
        self.clock, self.memory = SimulatedClock(), Memory()
        self.warned: list[Incident] = []
        self.shouted: list[IncidentReport] = []
        around = Surroundings(
            "林家村",
            "",
            {"shuiku": "水库"},
            {("shuiku", "intrusion", "bank", ""): RuleFacts("urgent", speak=True)},
        )
        desk = IncidentDesk(
            self.memory,
            Album(),
            around,
            clock=self.clock,
            new_id=lambda: str(uuid.uuid4()),
            thumbnail=bytes,
            on_change=lambda i, p: self.lookout.on_change(i, p),  # noqa: PLW0108 - made below
        )
        self.lookout = Lookout(
            desk,
            CameraBoard(["shuiku"], now_mono_s=0),
            TalkdownPolicy(enabled=True, cool_down_s=30, per_hour=10),
            around,
            clock=self.clock,
            bus=Bus(),
            warn=lambda incident: self.warned.append(incident) or "",
            warn_unremembered=self.shouted.append,
        )

    def events(self) -> list[tuple[str, str]]:
        bodies = [json.loads(entry.data) for entry in self.memory.outbox]
        return [(body["kind"], body["phase"]) for body in bodies if "phase" in body]


def test_an_opened_incident_is_remembered_then_warned_of_once() -> None:
    """The warning follows the writing, and the cool-down holds a second one back."""
    house = House()
    house.lookout.take(SEEN)
    house.lookout.take(replace(SEEN, phase=Phase.CLOSED))
    house.lookout.take(replace(SEEN, key="k2"))
    house.lookout.close()
    assert house.events() == [("intrusion", p) for p in ("opened", "closed", "opened")]
    assert len(house.warned) == 1


def test_a_full_disk_does_not_silence_the_danger_and_loses_nothing() -> None:
    """It is spoken although it cannot be written; and written, in order, when there is room."""
    house = House()
    house.memory.full = True
    house.lookout.take(SEEN)
    house.lookout.take(replace(SEEN, phase=Phase.CLOSED))
    wait_for(lambda: house.shouted and house.lookout.store_fault)
    assert house.memory.outbox == []
    house.memory.full = False
    house.lookout.tick()
    wait_for(lambda: len(house.events()) == 2)
    house.lookout.close()
    assert house.events() == [("intrusion", "opened"), ("intrusion", "closed")]
    assert house.lookout.store_fault == ""


def test_a_fault_of_the_box_that_the_disk_refused_is_told_when_there_is_room() -> None:
    """It is not forgotten because it began while nothing could be written."""
    house = House()
    house.memory.full = True
    house.lookout.set_condition("speaker_fault", holds=True, severity="urgent", detail="horn")
    wait_for(lambda: house.lookout.store_fault)
    house.memory.full = False
    house.lookout.tick()
    wait_for(house.events)
    house.lookout.tick()
    house.lookout.close()
    assert house.events() == [("speaker_fault", "opened")]
    assert house.lookout.store_fault == ""


def test_what_is_written_late_is_not_spoken_again() -> None:
    """The warning was given when it happened, however long ago that is by now."""
    house = House()
    house.memory.full = True
    house.lookout.take(SEEN)
    wait_for(lambda: house.shouted)
    house.clock.advance(3600)
    house.memory.full = False
    house.lookout.tick()
    wait_for(house.events)
    house.lookout.close()
    assert house.events() == [("intrusion", "opened")]
    assert len(house.shouted) == 1
    assert house.warned == []


def test_a_lost_camera_is_an_incident_that_closes_when_it_is_back() -> None:
    """Unplugged: opened once with the reason. Back: closed."""
    house = House()
    for state in (CameraState.LOST, CameraState.LOST, CameraState.STARTING, CameraState.WATCHING):
        house.lookout.take(CameraReport("shuiku", state, fault="refused"))
    house.lookout.close()
    assert house.events() == [("camera_lost", "opened"), ("camera_lost", "closed")]
    assert json.loads(house.memory.outbox[0].data)["label"] == "refused"
    assert house.warned == []


def test_a_worker_that_does_not_come_back_makes_its_camera_lost() -> None:
    """A restart has its grace; after it the township learns that the camera is blind."""
    house = House()
    house.lookout.take(CameraReport("shuiku", CameraState.DEGRADED, fault="worker"))
    house.lookout.tick()
    house.clock.advance(20)
    assert house.events() == []
    house.lookout.tick()
    wait_for(house.events)
    house.lookout.close()
    assert house.events() == [("camera_lost", "opened")]


def test_a_wrong_camera_clock_is_told_only_by_a_box_that_knows_the_time() -> None:
    """Off for half a minute: told, with which way; right again: closed. Unknown is silent."""
    house = House()
    told = CameraReport("shuiku", CameraState.WATCHING, clock_offset_s=-3600.0)

    def hear(report: CameraReport, *, seconds: int = 60) -> None:
        for _ in range(seconds):
            house.lookout.take(report)
            house.clock.advance(1)

    house.clock.jump(0, trusted=False)
    hear(told)
    house.clock.jump(0, trusted=True)
    hear(told, seconds=5)
    hear(replace(told, clock_offset_s=None))
    hear(told)
    hear(replace(told, clock_offset_s=0.2))
    house.lookout.close()
    assert house.events() == [("camera_clock", "opened"), ("camera_clock", "closed")]
    assert json.loads(house.memory.outbox[0].data)["label"] == "clock_slow"
