"""How long to wait before a lost camera is tried again.

Full jitter (Brooker, "Exponential backoff and jitter", 2015), so that thirty cameras behind one
switch do not come back in step. The cap stays low while the loss is fresh: a camera that was
unplugged for a moment is back within 15 s of its return.
"""

from __future__ import annotations

from collections.abc import Callable

FIRST_S = 1.0
FRESH_CAP_S, OLD_CAP_S = 8.0, 60.0
FRESH_FOR_S = 600.0
LEAST_S = 0.2


class Backoff:
    """Delays for one camera.

    Args:
        random: Gives a number in 0..1; passed in so that tests can know it.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures = 0
        self._lost_at_s: float | None = None

    def next_delay(self, now_s: float) -> float:
        """Seconds to wait after one more failure, from `LEAST_S` to the cap."""
        if self._lost_at_s is None:
            self._lost_at_s = now_s
        old = now_s - self._lost_at_s > FRESH_FOR_S
        cap_s = min(OLD_CAP_S if old else FRESH_CAP_S, FIRST_S * 2.0 ** min(self._failures, 6))
        self._failures += 1
        return max(LEAST_S, self._random() * cap_s)

    def reset(self) -> None:
        """The camera has worked for a while."""
        self._failures = 0
        self._lost_at_s = None
