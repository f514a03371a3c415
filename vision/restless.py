"""Where a camera's picture moves all the time: a tree, a flag, the digits of a clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.frames import Frame
from vision.motion import Movement

COLUMNS, ROWS = 32, 18
DAY_S = 86400.0
"""Older than about a day counts half, older than two a quarter, …"""

LONGEST_S = 5.0
"""A pause between two looks counts as no more than this."""


class Restlessness:
    """Time in motion of each cell of one camera's picture; a few kilobytes whatever happens."""

    def __init__(self) -> None:
        self._moving_s: NDArray[np.float64] = np.zeros((ROWS, COLUMNS))
        self._stirred_s = self._watched_s = 0.0
        self._seen_s: float | None = None

    @property
    def watched_s(self) -> float:
        """Seconds on which the shares stand."""
        return self._watched_s

    @property
    def time_in_motion(self) -> float:
        """Part of the time in which anything moved, 0..1."""
        return self._stirred_s / self._watched_s if self._watched_s else 0.0

    @property
    def shares(self) -> tuple[int, ...]:
        """Percent of the time in which each cell moved, row by row, `ROWS` × `COLUMNS`."""
        shares = self._moving_s * (100 / max(self._watched_s, 1e-9))
        return tuple(int(share) for share in np.round(shares).ravel())

    def look(self, movement: Movement, frame: Frame) -> None:
        """Take in what moved in one look; the time since the look before counts for it."""
        since_s = min(max(frame.mono_s - (self._seen_s or frame.mono_s), 0.0), LONGEST_S)
        self._seen_s = frame.mono_s
        if movement.everywhere:
            return
        self._watched_s += since_s
        if movement.regions:
            self._stirred_s += since_s
            across, down = COLUMNS / frame.width, ROWS / frame.height
            moved = np.zeros((ROWS, COLUMNS), bool)
            for left, top, right, bottom in movement.regions:
                # A cell counts if at least half of it moved.
                rows = slice(round(top * down), round(bottom * down))
                moved[rows, round(left * across) : round(right * across)] = True
            self._moving_s[moved] += since_s
        if self._watched_s > 2 * DAY_S:
            self._moving_s /= 2
            self._stirred_s /= 2
            self._watched_s /= 2
