"""When each picture of a recording is due: real time by its own clock, or as fast as possible."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

LATE_S = 1.0
"""Further behind than this, the clock is set again: a recording must not lag for ever."""


class Pace(Protocol):
    """Gives the moment a picture is handed over, having waited for it."""

    def due(self, media_s: float) -> float:
        """Wait until the picture at `media_s` is due and return its `mono_s`."""
        ...


class RealTime:
    """As a camera would give them.

    Args:
        clock: Monotonic seconds.
        wait: Sleeps for some seconds; may return earlier when the worker stops.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._clock = clock
        self._wait = wait
        self._start_s: float | None = None

    def due(self, media_s: float) -> float:
        now = self._clock()
        if self._start_s is None:
            self._start_s = now - media_s
        early_s = self._start_s + media_s - now
        if early_s > 0:
            self._wait(early_s)
            return self._clock()
        if early_s < -LATE_S:
            self._start_s = now - media_s
        return now


class AsFastAsPossible:
    """For tests and evaluation: time passes as the recording says, nobody waits."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._start_s = start_s

    def due(self, media_s: float) -> float:
        return self._start_s + media_s
