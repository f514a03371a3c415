"""Is anybody there? Answered by a round trip through the broker, not by `is_connected`.

A small message with QoS 1 goes to a topic of our own; its PUBACK proves that our network thread
lives, that bytes pass in both directions, and that the broker works. Anything else that comes in
proves the same and counts.
"""

from __future__ import annotations


class RoundTrip:
    """Decides when to ask and when to give up; all times are monotonic seconds."""

    def __init__(self, every_s: float, timeout_s: float) -> None:
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._asked: tuple[int, float] | None = None
        self._heard_mono_s = 0.0
        self._next_mono_s = 0.0

    @property
    def next_moment(self) -> float:
        """When there is something to do."""
        if self._asked is None:
            return self._next_mono_s
        return max(self._asked[1], self._heard_mono_s) + self._timeout_s

    def begin(self, now: float) -> None:
        """A new connection."""
        self._asked = None
        self._heard_mono_s = self._next_mono_s = now

    def heard(self, now: float) -> None:
        """Something came in."""
        self._heard_mono_s = max(self._heard_mono_s, now)

    def is_due(self, now: float) -> bool:
        """Whether to ask now."""
        return self._asked is None and now >= self._next_mono_s

    def ask(self, mid: int | None, now: float) -> None:
        """The question was sent, or could not be (`mid` None)."""
        self._asked = None if mid is None else (mid, now)
        self._next_mono_s = now + self._every_s

    def returned(self, mid: int, now: float) -> float | None:
        """Milliseconds of the trip if this is the answer, else None."""
        if self._asked is None or self._asked[0] != mid:
            return None
        took_ms = (now - self._asked[1]) * 1000
        self._asked = None
        return took_ms

    def silent_s(self, now: float) -> float | None:
        """For how long nothing came although we asked; None while that is bearable."""
        if self._asked is None:
            return None
        silent = now - max(self._asked[1], self._heard_mono_s)
        return silent if silent >= self._timeout_s else None
