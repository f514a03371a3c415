"""What the pages show of a case: clocks, stages and the steps one may take."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from edge.township.cases.states import STAGES, Action, State, stage_of
from edge.township.store.case_records import QUEUE_ENDED, QUEUE_NEW, Case
from edge.township.store.records import Receipt

LATE_S = 120.0


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as a row or card shows it.

    Attributes:
        spoken: What was spoken in the village for its first incident, newest first.
        may: Steps the reader may take.
        now: Unix seconds, for the clocks.
    """

    case: Case
    spoken: tuple[Receipt, ...]
    may: frozenset[Action]
    now: float

    @property
    def at(self) -> float:
        return self.case.opened_at if self.case.clock_trusted else self.case.first_at

    @property
    def arrived_late(self) -> bool:
        """It reached us so much later than it happened that it must be said."""
        case = self.case
        return case.clock_trusted and case.first_at - case.opened_at > LATE_S

    @property
    def place(self) -> str:
        return self.case.zone_name or self.case.camera_name

    @property
    def village(self) -> str:
        return self.case.village or self.case.hub

    @property
    def new(self) -> bool:
        return self.case.queue == QUEUE_NEW

    @property
    def ended(self) -> bool:
        return self.case.queue == QUEUE_ENDED

    @property
    def overdue(self) -> bool:
        return self.case.due_at is not None and self.case.due_at <= self.now and not self.ended

    @property
    def stage(self) -> int:
        return stage_of(State(self.case.state))

    @property
    def stages(self) -> tuple[str, ...]:
        return tuple(name for name, _ in STAGES)

    @property
    def token(self) -> str:
        """Changes whenever the row would look different."""
        said = "|".join(f"{one.announcement}{one.state}" for one in self.spoken)
        sight = ",".join(sorted(self.may))
        return f"{self.case.version}-{zlib.crc32(f'{said}/{sight}'.encode()):x}"

    def can(self, action: str) -> bool:
        return Action(action) in self.may

    @property
    def running(self) -> str:
        return say_clock(self.elapsed_s)

    @property
    def target(self) -> str:
        return say_clock(self.target_s)

    @property
    def elapsed_s(self) -> int:
        return max(0, int(self.now - self.case.since_at))

    @property
    def target_s(self) -> int:
        return int((self.case.due_at or self.case.since_at) - self.case.since_at)


def say_clock(seconds: int) -> str:
    """A span as a clock shows it: 03:12, 1:02:03, or 4d."""
    if seconds >= 2 * 86_400:
        return f"{seconds // 86_400}d"
    hours, rest = divmod(max(0, seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes:02}:{left:02}"
