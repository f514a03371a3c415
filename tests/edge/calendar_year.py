"""A village's year in a simulation: a real memory, a real desk, a horn that takes its time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from broadcast.announcements import Announcement, PlayState, Receipt
from broadcast.calendar.working_days import ChineseDays
from edge.announcing import AnnouncingDesk
from edge.calendar_desk import CalendarDesk
from edge.clock import SimulatedClock
from edge.store.hub import HubStore
from edge.timetable import Timetable

DAYS = ChineseDays()


@dataclass
class Spoken:
    """Something the horn really began to say."""

    id: str
    text: str
    wall_s: float


@dataclass
class Horn:
    """One loudspeaker: one after the other, what is late is not begun; dies with the box."""

    clock: SimulatedClock
    seconds: float
    spoken: list[Spoken]
    desk: AnnouncingDesk | None = None
    queue: list[Announcement] = field(default_factory=list)
    playing: Announcement | None = None
    until_mono_s: float = 0.0

    def say(self, announcement: Announcement) -> PlayState:
        self.queue.append(announcement)
        self.tell(announcement, PlayState.QUEUED)
        self.step()
        return PlayState.QUEUED

    def stop(self, announcement_id: str | None, reason: str = "It was stopped by hand.") -> None:
        if self.playing is not None and announcement_id in {None, self.playing.id}:
            cut, self.playing = self.playing, None
            self.tell(cut, PlayState.CANCELLED, reason)
        self.step()

    def step(self) -> None:
        now = self.clock.monotonic()
        if self.playing is not None and now >= self.until_mono_s:
            done, self.playing = self.playing, None
            self.tell(done, PlayState.FINISHED)
        while self.playing is None and self.queue:
            self.queue.sort(key=lambda one: one.priority)
            chosen = self.queue.pop(0)
            if chosen.expires_mono_s is not None and now >= chosen.expires_mono_s:
                self.tell(chosen, PlayState.MISSED, "Its time had passed before it could start.")
                continue
            self.playing, self.until_mono_s = chosen, now + self.seconds
            self.spoken.append(Spoken(chosen.id, chosen.text, self.clock.wall()))
            self.tell(chosen, PlayState.STARTED)

    def tell(self, announcement: Announcement, state: PlayState, reason: str = "") -> None:
        assert self.desk is not None
        self.desk.note(
            Receipt(announcement.id, "horn", state, self.clock.monotonic(), reason=reason)
        )


class Box:
    """The parts of the hub that the calendar needs, from one power cut to the next."""

    def __init__(self, folder: Path, clock: SimulatedClock, *, seconds: float = 20.0) -> None:
        self.folder, self.clock, self.seconds = folder, clock, seconds
        self.numbers = itertools.count(1)
        self.spoken: list[Spoken] = []
        self.boots = 0
        self.start()

    def new_id(self) -> str:
        return f"00000000-0000-7000-8000-{next(self.numbers):012d}"

    def start(self) -> None:
        self.store = HubStore.open(self.folder, self.clock, self.new_id)
        self.horn = Horn(self.clock, self.seconds, self.spoken)
        self.announcing = AnnouncingDesk(
            self.horn,
            self.store,
            clock=self.clock,
            new_id=self.new_id,
            on_change=lambda record: self.timetable.note(record),  # noqa: PLW0108
        )
        self.horn.desk = self.announcing
        self.timetable = Timetable(
            self.store,
            self.announcing,
            DAYS,
            clock=self.clock,
            new_id=self.new_id,
            speakers=lambda _zone: frozenset({"horn"}),
        )
        self.desk = CalendarDesk(
            self.timetable, self.store, DAYS, clock=self.clock, new_id=self.new_id
        )
        self.announcing.report_interrupted_by_power("断电。")
        self.timetable.recover()

    def cut_power(self, off_s: float, *, trusted: bool) -> None:
        """Everything in memory is gone; the wall clock goes on, known or not."""
        self.store.close()
        self.boots += 1
        self.clock.reboot(f"boot-{self.boots}", wall_s=self.clock.wall() + off_s, trusted=trusted)
        self.start()

    def tick(self) -> None:
        self.horn.step()
        self.timetable.tick()

    def catch_up(self) -> None:
        """As many ticks as it takes to write down what a long time off has left."""
        for _ in range(40):
            self.tick()
