"""Let sound run no faster than time, on a clock that a test may turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Wait = Callable[[threading.Event, float], bool]


@dataclass(frozen=True, slots=True)
class Pace:
    """A clock, and how to wait on it.

    Attributes:
        now: Seconds, monotonic.
        wait: Waits for the event, at most these seconds of `now`; True when it is set.
    """

    now: Callable[[], float] = time.monotonic
    wait: Wait = threading.Event.wait

    def until(self, at_s: float, cut: threading.Event) -> bool:
        """Wait for a moment; True at once when `cut` is set before it."""
        remaining_s = at_s - self.now()
        return cut.is_set() if remaining_s <= 0 else self.wait(cut, remaining_s)
