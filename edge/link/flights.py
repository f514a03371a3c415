"""Which rows of the outbox are under way, and when one has been silent for too long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST_GUARD_S = 3600.0


@dataclass(slots=True)
class Flight:
    """One row under way.

    Attributes:
        deadline_mono_s: When it may be sent again inside the same connection.
    """

    seq: int
    lane: int
    topic: str
    deadline_mono_s: float


class Flights:
    """The window. A row leaves it by the township's ack, a new connection or its guard time.

    The guard is long and doubles: a short timer inside a live connection floods a township that
    is only slow (measured: 17 000 duplicates of 958 rows at 3 s).
    """

    def __init__(self, guard_s: float) -> None:
        self._guard_s = guard_s
        self._flights: dict[int, Flight] = {}
        self._by_mid: dict[int, int] = {}
        self._guards: dict[int, float] = {}

    @property
    def numbers(self) -> frozenset[int]:
        return frozenset(self._flights)

    def __len__(self) -> int:
        return len(self._flights)

    def of_lane(self, lane: int) -> int:
        """How many of this lane or a less urgent one are under way."""
        return sum(flight.lane >= lane for flight in self._flights.values())

    def depart(self, seq: int, lane: int, topic: str, mid: int | None, now_mono_s: float) -> None:
        """A row was handed to the connection, or held (`mid` None) because it cannot be."""
        guard_s = self._guards.get(seq, self._guard_s)
        self._guards[seq] = min(_LONGEST_GUARD_S, guard_s * 2)
        self._flights[seq] = Flight(seq, lane, topic, now_mono_s + guard_s)
        if mid is not None:
            self._by_mid[mid] = seq

    def published(self, mid: int) -> Flight | None:
        """The row behind a message id; a PUBACK says nothing about delivery."""
        return self._flights.get(self._by_mid.pop(mid, -1))

    def arrive(self, ranges: Iterable[tuple[int, int]]) -> None:
        """The township has these rows."""
        spans = list(ranges)
        for seq in list(self._flights):
            if any(first <= seq <= last for first, last in spans):
                del self._flights[seq]
                self._guards.pop(seq, None)

    def release_overdue(self, now_mono_s: float) -> int:
        """Rows past their guard may be sent again; returns how many."""
        late = [seq for seq, f in self._flights.items() if f.deadline_mono_s <= now_mono_s]
        for seq in late:
            del self._flights[seq]
        return len(late)

    def forget(self, from_seq: int = 0) -> None:
        """A new connection, or the township asks again: nothing from here on is under way."""
        for seq in [seq for seq in self._flights if seq >= from_seq]:
            del self._flights[seq]
            self._guards.pop(seq, None)
        if from_seq == 0:
            self._by_mid.clear()
            self._guards.clear()

    def next_deadline(self) -> float | None:
        """When the next row is overdue, in monotonic seconds."""
        return min((flight.deadline_mono_s for flight in self._flights.values()), default=None)
