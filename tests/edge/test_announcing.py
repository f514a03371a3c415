"""The desk of announcements: said once, receipts kept, nothing played late after a power cut."""

from __future__ import annotations

import json
import uuid

from broadcast.announcements import Announcement, PlayState, Priority, Receipt
from edge.announcing import DRILL, AnnouncingDesk
from edge.clock import SimulatedClock
from edge.link.messages import AnnounceOrder
from edge.store.records import Lane, PlayRecord
from tests.fakes.memory import Memory

ORDER = AnnounceOrder(text="今晚八点停水。")
COMMAND = "00000000-0000-7000-8000-00000000000a"


class Loudspeaker:
    """Remembers what it was asked to say."""

    def __init__(self) -> None:
        self.said: list[Announcement] = []
        self.stopped: list[str | None] = []

    def say(self, announcement: Announcement) -> PlayState:
        self.said.append(announcement)
        return PlayState.QUEUED

    def stop(self, announcement_id: str | None) -> None:
        self.stopped.append(announcement_id)


def house(memory: Memory) -> tuple[AnnouncingDesk, Loudspeaker, list[tuple[str, PlayRecord]]]:
    player, final = Loudspeaker(), []
    desk = AnnouncingDesk(
        player,
        memory,
        clock=SimulatedClock(),
        new_id=lambda: str(uuid.uuid4()),
        on_change=lambda _record: None,
        on_final=lambda command, record: final.append((command, record)),
    )
    return desk, player, final


def test_an_order_of_the_township_is_said_once() -> None:
    """A replayed command never sounds twice, not even after a restart."""
    memory = Memory()
    desk, player, _ = house(memory)
    assert desk.township_says(COMMAND, ORDER, expires_in_s=60)
    assert not desk.township_says(COMMAND, ORDER, expires_in_s=60)
    desk.note(Receipt(COMMAND, "horn", PlayState.STARTED, at_mono_s=1000))
    reborn, other, _ = house(memory)
    assert not reborn.township_says(COMMAND, ORDER, expires_in_s=60)
    assert len(player.said) == 1
    assert other.said == []


def test_a_drill_is_spoken_as_a_drill() -> None:
    """Nobody may take an exercise for the real thing."""
    desk, player, _ = house(Memory())
    desk.township_says(COMMAND, AnnounceOrder(text="撤离。", drill=True), expires_in_s=60)
    assert player.said[0].text == DRILL + "撤离。"


def test_receipts_are_kept_and_sent_on() -> None:
    """Each state becomes the newest of its speaker, and a row for the township."""
    memory = Memory()
    desk, player, final = house(memory)
    desk.township_says(COMMAND, ORDER, expires_in_s=60)
    for state, seconds in ((PlayState.QUEUED, 0), (PlayState.STARTED, 0), (PlayState.FINISHED, 5)):
        desk.note(Receipt(COMMAND, "horn", state, at_mono_s=1000, seconds=seconds, proof="bytes"))
    assert memory.plays[COMMAND, "horn"].state == "finished"
    assert [json.loads(e.data)["state"] for e in memory.outbox] == ["queued", "started", "finished"]
    assert [command for command, _ in final] == [COMMAND]
    assert player.said[0].priority is Priority.NOTICE


def test_what_power_cut_off_is_reported_and_not_played_again() -> None:
    """After the restart a started announcement is failed, a waiting one missed."""
    memory = Memory()
    desk, _, _ = house(memory)
    desk.township_says(COMMAND, ORDER, expires_in_s=60)
    desk.note(Receipt(COMMAND, "horn", PlayState.STARTED, at_mono_s=1000))
    desk.note(Receipt(COMMAND, "gate", PlayState.QUEUED, at_mono_s=1000))
    reborn, player, _ = house(memory)
    assert reborn.report_interrupted_by_power("断电。") == 2
    assert memory.plays[COMMAND, "horn"].state == "failed"
    assert memory.plays[COMMAND, "gate"].state == "missed"
    assert player.said == []
    assert all(e.lane in {Lane.RECEIPT, Lane.EMERGENCY_RECEIPT} for e in memory.outbox)


def test_the_path_of_a_sound_file_stays_on_the_box() -> None:
    """The township learns that a file was written, not where."""
    memory = Memory()
    desk, _, _ = house(memory)
    desk.township_says(COMMAND, ORDER, expires_in_s=60)
    proof = "file:/var/lib/villagehub/sound/x.wav"
    desk.note(Receipt(COMMAND, "horn", PlayState.FINISHED, at_mono_s=1000, proof=proof))
    assert json.loads(memory.outbox[0].data)["proof"] == "file"
    assert memory.plays[COMMAND, "horn"].proof == proof


def test_a_full_disk_delays_receipts_but_loses_none() -> None:
    """They are written in their order when there is room again."""
    memory = Memory()
    desk, _, final = house(memory)
    desk.township_says(COMMAND, ORDER, expires_in_s=60)
    memory.full = True
    for state in (PlayState.QUEUED, PlayState.STARTED, PlayState.FINISHED):
        desk.note(Receipt(COMMAND, "horn", state, at_mono_s=1000))
    assert memory.outbox == []
    memory.full = False
    desk.tick()
    assert [json.loads(e.data)["state"] for e in memory.outbox] == ["queued", "started", "finished"]
    assert len(final) == 1
