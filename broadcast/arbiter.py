"""Decide what one loudspeaker says next, and what must fall silent for it; pure logic."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from broadcast.announcements import FINAL_STATES, Announcement, PlayState

REMEMBERED = 1000
"""Ids of ended announcements that are still known, so that a repeat is not played again."""


@dataclass(frozen=True, slots=True)
class Change:
    """An announcement came into a state.

    Attributes:
        reason: A complete sentence when it did not finish, else empty.
    """

    announcement: str
    state: PlayState
    reason: str = ""


class Arbiter:
    """The queue of one loudspeaker and what plays on it.

    The smaller priority speaks first; equal ones in the order they came. One is *on air* from
    `take` to `end` or `put_back`. `verdict` says whether it must stop. Time is given by the
    caller in seconds of one clock.

    Args:
        limit: How many may wait; beyond it the least urgent, latest one is refused.
    """

    def __init__(self, *, limit: int = 32) -> None:
        self._limit = limit
        self._arrivals = 0
        self._waiting: dict[str, tuple[int, Announcement]] = {}
        self._on_air: tuple[int, Announcement] | None = None
        self._cancelled = ""
        self._states: OrderedDict[str, PlayState] = OrderedDict()

    @property
    def on_air(self) -> Announcement | None:
        return self._on_air[1] if self._on_air else None

    @property
    def queue(self) -> tuple[Announcement, ...]:
        """What waits, the next one first."""
        ordered = sorted(self._waiting.values(), key=lambda entry: (entry[1].priority, entry[0]))
        return tuple(announcement for _, announcement in ordered)

    def state_of(self, announcement_id: str) -> PlayState | None:
        """The last state of an announcement that is still remembered."""
        return self._states.get(announcement_id)

    def submit(self, announcement: Announcement, now_s: float) -> list[Change]:
        """Take one into the queue; an id that is already known changes nothing."""
        if announcement.id in self._states:
            return []
        self._arrivals += 1
        self._waiting[announcement.id] = (self._arrivals, announcement)
        changes = [self._change(announcement.id, PlayState.QUEUED), *self.expire(now_s)]
        if len(self._waiting) > self._limit:
            changes.append(
                self._leave(
                    self.queue[-1].id,
                    PlayState.FAILED,
                    "The queue of this loudspeaker is full, and everything else was as urgent.",
                )
            )
        return changes

    def expire(self, now_s: float) -> list[Change]:
        """End what waited beyond its time."""
        return [
            self._leave(waiting.id, PlayState.MISSED, self._missed())
            for waiting in self.queue
            if expired(waiting, now_s)
        ]

    def take(self, now_s: float) -> tuple[Announcement | None, list[Change]]:
        """Put the most urgent one on air; None when nothing waits or something is on air."""
        changes = self.expire(now_s)
        if self._on_air is not None or not self._waiting:
            return None, changes
        chosen = self.queue[0]
        self._on_air = self._waiting.pop(chosen.id)
        return chosen, changes

    def started(self) -> Change:
        """The first sample of what is on air was accepted."""
        return self._change(self._announced().id, PlayState.STARTED)

    def put_back(self) -> None:
        """Return what is on air to its old place in the queue; it had not started."""
        announcement = self._announced()
        if self._on_air is not None and not self._cancelled:
            self._waiting[announcement.id] = self._on_air
            self._on_air = None

    def verdict(self) -> Change | None:
        """What must become of the one on air now; None when it may go on."""
        playing = self.on_air
        if playing is None:
            return None
        if self._cancelled:
            return Change(playing.id, PlayState.CANCELLED, self._cancelled)
        first = min((entry[1] for entry in self._waiting.values()), key=_rank, default=None)
        if first is not None and first.priority < playing.priority:
            return Change(
                playing.id, PlayState.INTERRUPTED, "A more urgent announcement took its place."
            )
        return None

    def end(self, state: PlayState, reason: str = "") -> Change:
        """Take what is on air off the air, in a final state."""
        if state not in FINAL_STATES:
            raise ValueError(f"{state} is not a final state")
        announcement = self._announced()
        self._on_air, self._cancelled = None, ""
        return self._change(announcement.id, state, reason)

    def stop(self, announcement_id: str | None, reason: str) -> list[Change]:
        """Cancel one, or all with None; what is on air gets its verdict, not its end."""
        playing = self.on_air
        if playing is not None and announcement_id in (None, playing.id):
            self._cancelled = reason
        return [
            self._leave(waiting.id, PlayState.CANCELLED, reason)
            for waiting in self.queue
            if announcement_id in (None, waiting.id)
        ]

    def _announced(self) -> Announcement:
        if self._on_air is None:
            raise ValueError("nothing is on air")
        return self._on_air[1]

    def _leave(self, announcement_id: str, state: PlayState, reason: str) -> Change:
        del self._waiting[announcement_id]
        return self._change(announcement_id, state, reason)

    def _missed(self) -> str:
        playing = self.on_air
        if playing is None:
            return "Its time had passed before it could start."
        return "Its time passed while another announcement was playing."

    def _change(self, announcement_id: str, state: PlayState, reason: str = "") -> Change:
        self._states[announcement_id] = state
        self._states.move_to_end(announcement_id)
        live = len(self._waiting) + (self._on_air is not None)
        while len(self._states) > max(REMEMBERED, live):
            ended = next(known for known, was in self._states.items() if was in FINAL_STATES)
            del self._states[ended]
        return Change(announcement_id, state, reason)


def expired(announcement: Announcement, now_s: float) -> bool:
    """Whether it must not start any more."""
    return announcement.expires_mono_s is not None and now_s >= announcement.expires_mono_s


def _rank(announcement: Announcement) -> int:
    return int(announcement.priority)
