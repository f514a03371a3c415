"""What the sizes of packets say about movement, without decoding one of them.

A moving object costs bits where a still scene costs almost none, if the encoder lets it: constant
bit rates, on-screen clocks, wind and smart codecs do not. Hence `Trust` beside it.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

WINDOW_S = 0.5
LEAST_IN_WINDOW = 3
LEAST_CALM = 20
"""Samples of a still scene, confirmed by looks, before anything is said."""

DEVIATIONS = 4.0
LEAST_JUMP = math.log(1.6)
OFTEN, ABOVE_OFTEN = 0.96, math.log(1.15)
"""What comes more often than in four of a hundred calm samples is no news."""

HEADERS = 64
"""Bytes that mean nothing: where next to nothing is sent, twice of it is no more."""

MOST_LEAN = math.log(0.06)
"""Of a key frame: an encoder that spends more on a still scene has bits to hide movement in."""

_MOST_UNJUDGED = 300
_TO_SIGMA = 1.4826


class PacketSizes:
    """The usual size of predicted packets while nothing moves, and whether it is exceeded."""

    def __init__(self) -> None:
        self._window: deque[tuple[float, int]] = deque(maxlen=64)
        self._bytes = 0
        self._unjudged: deque[float] = deque(maxlen=_MOST_UNJUDGED)
        self._calm: deque[float] = deque(maxlen=150)
        self._fired_calm: deque[bool] = deque(maxlen=300)
        self._usual = self._limit = math.inf
        self._weighed_s = -math.inf

    @property
    def duty(self) -> float:
        """Share of calm samples, 0..1, that would have called for a look in vain."""
        return sum(self._fired_calm) / len(self._fired_calm) if self._fired_calm else 0.0

    def lean(self, key_size: float) -> bool:
        """A still scene costs next to nothing, so whatever moves would have to cost something."""
        if len(self._calm) < LEAST_CALM:
            return False
        return self._usual - math.log(max(key_size, 1)) <= MOST_LEAN

    def forget(self) -> None:
        """Another connection or encoder: what was usual says nothing any more."""
        self.__init__()  # type: ignore[misc] # the beginning is the one place that lists all

    def take(self, now_s: float, size: int) -> bool:
        """Note a predicted packet (no key frame); whether the last half second is unusual."""
        if len(self._window) == self._window.maxlen:
            self._bytes -= self._window.popleft()[1]
        self._window.append((now_s, size))
        self._bytes += size
        while len(self._window) > LEAST_IN_WINDOW and self._window[0][0] < now_s - WINDOW_S:
            self._bytes -= self._window.popleft()[1]
        if len(self._window) < LEAST_IN_WINDOW:
            return False
        level = math.log(HEADERS + self._bytes / len(self._window))
        self._unjudged.append(level)
        return level > self._limit

    def judge(self, now_s: float, *, calm: bool) -> None:
        """A look said whether the packets since the last one showed a still scene."""
        if calm:
            self._fired_calm.extend(level > self._limit for level in self._unjudged)
            self._calm.extend(self._unjudged)
            if len(self._calm) >= LEAST_CALM and now_s - self._weighed_s >= 1.0:
                self._weighed_s = now_s
                self._usual, self._limit = self._weigh()
        self._unjudged.clear()

    def _weigh(self) -> tuple[float, float]:
        levels = np.fromiter(self._calm, float)
        usual = float(np.median(levels))
        spread = float(np.median(np.abs(levels - usual))) * _TO_SIGMA
        # Encoders spend more at the same place of every group of pictures: that is usual, too.
        often = float(np.quantile(levels, OFTEN)) + ABOVE_OFTEN
        return usual, max(usual + max(DEVIATIONS * spread, LEAST_JUMP), often)
