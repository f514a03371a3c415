"""Whether a camera's packet sizes deserve belief: learnt by comparing them with decoded motion."""

from __future__ import annotations

import math
from collections import deque

CALM_BEFORE_S = 2.0
"""Motion after so much calm is an onset; only onsets can be announced."""

PATIENCE_S = 0.7
"""So long after an onset the packets may still speak up: they lag by their window."""

NEEDED = 4
MOST_DUTY = 0.1
"""Hints that come more often than this in a still scene would be right by chance."""

TRIES, LEAST_TRIES, LEAST_RIGHT = 10, 4, 0.25
RETRY_S = 600.0


class Trust:
    """Onsets of motion that the packets announced or missed, and calls that were in vain."""

    def __init__(self) -> None:
        self._onsets: deque[bool] = deque(maxlen=2 * NEEDED)
        self._calls: deque[bool] = deque(maxlen=TRIES)
        self._moved_s = -math.inf
        self._fired_s = -math.inf
        self._looked_s = -math.inf
        self._onset_s: float | None = None
        self._heard_from_s = 0.0
        self._looks_moved = 0
        self._useless_s: float | None = None

    @property
    def proven(self) -> bool:
        """Every one of the last onsets was announced, and there were enough of them."""
        return len(self._onsets) >= NEEDED and all(self._onsets)

    @property
    def refuted(self) -> bool:
        """One of the last onsets came without a call."""
        return not all(self._onsets)

    def useful(self, now_s: float) -> bool:
        """Whether it is worth looking when the packets call; asked again after a while."""
        if self._useless_s is not None and now_s - self._useless_s >= RETRY_S:
            self._calls.clear()
            self._useless_s = None
        return self._useless_s is None

    def fired(self, now_s: float) -> None:
        """The packets called."""
        self._fired_s = now_s

    def called(self, now_s: float, *, rightly: bool) -> None:
        """A look that only the packets asked for found motion, or did not."""
        self._calls.append(rightly)
        if len(self._calls) >= LEAST_TRIES and sum(self._calls) < LEAST_RIGHT * len(self._calls):
            self._useless_s = now_s

    def looked(self, now_s: float, *, moved: bool) -> None:
        """A decoded picture moved, or did not."""
        if moved:
            if self._onset_s is None and now_s - self._moved_s > CALM_BEFORE_S:
                self._onset_s = now_s
                self._heard_from_s = min(self._looked_s, now_s - 1.0)
                self._looks_moved = 0
            self._looks_moved += 1
            self._moved_s = now_s
        self.settle(now_s)
        self._looked_s = now_s

    def settle(self, now_s: float) -> None:
        """Decide about an onset whose time is up; a single odd picture is none."""
        if self._onset_s is None or now_s < self._onset_s + PATIENCE_S:
            return
        if self._looks_moved > 1:
            self._onsets.append(self._fired_s >= self._heard_from_s)
        self._onset_s = None
