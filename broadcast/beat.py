"""A sign of life that a thread gives and a watchdog reads."""

from __future__ import annotations

from collections.abc import Callable


class Beat:
    """When a thread last said that it lives.

    Args:
        now: Seconds, monotonic.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last_s = now()

    def give(self) -> None:
        self._last_s = self._now()

    @property
    def age_s(self) -> float:
        return self._now() - self._last_s
