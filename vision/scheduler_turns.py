"""Whose turn it is: deficit round robin over cameras (Shreedhar, Varghese 1996), paid afterwards.

What a look costs is known only when it is done, so a camera that was served runs into debt and is
passed over until its share of the rounds has paid it off. Everybody's share is above nothing, so
nobody starves; who is dear or unimportant waits longer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

QUANTUM_MS = 0.1
LEAST_MS, MOST_MS = 0.1, 1000.0
"""What one look counts at least and at most: a clock that jumps must not bankrupt a camera."""


def weight(priority: int) -> float:
    """The share of a priority: 1 for the usual 0, one more for each step."""
    return 1.0 + max(0, priority)


class Turns:
    """Picks among those who are ready.

    Args:
        priorities: One for each camera, 0 being the usual.
    """

    def __init__(self, priorities: Sequence[int]) -> None:
        self._shares = [QUANTUM_MS * weight(priority) for priority in priorities]
        self._credit = [0.0] * len(self._shares)
        self._next = 0

    def pick(self, ready: Sequence[bool]) -> int | None:
        """The place of the camera to serve; None if none is ready. Call `paid` after serving it."""
        waiting = [place for place, is_ready in enumerate(ready) if is_ready]
        if not waiting:
            return None
        for place, is_ready in enumerate(ready):
            if not is_ready:
                # Credit is for those who wait; who has nothing to show does not save up.
                self._credit[place] = min(self._credit[place], 0.0)
        # As many rounds as it takes until the first one is out of debt, in one step.
        rounds = min(math.ceil(-self._credit[p] / self._shares[p]) for p in waiting)
        if rounds > 0:
            for place in waiting:
                gained = self._credit[place] + rounds * self._shares[place]
                self._credit[place] = min(gained, self._shares[place])
        count = len(ready)
        order = sorted(waiting, key=lambda place: (place - self._next) % count)
        chosen = next(p for p in order if self._credit[p] >= -1e-9)
        self._next = (chosen + 1) % count
        return chosen

    def paid(self, place: int, cost_ms: float) -> None:
        """What serving it took."""
        self._credit[place] -= min(max(cost_ms, LEAST_MS), MOST_MS)
