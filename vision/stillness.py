"""Whether anything moved at a place since the look before: who stands there has not left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.boxes import Box
from vision.frames import Frame

LINES = 100
STEP = 12
"""Grey levels; less is noise."""

SHARE = 0.02
"""A place in which more of the pixels than this changed is not still."""


class Stillness:
    """What changed from one look to the next; keeps one small grey picture."""

    def __init__(self) -> None:
        self._last: NDArray[np.int16] | None = None
        self._changed: NDArray[np.bool_] | None = None
        self._across = self._down = 1.0

    def look(self, frame: Frame) -> None:
        """Compare a picture with the one before."""
        height = min(LINES, frame.height)
        width = max(1, round(frame.width * height / frame.height))
        now = frame.grey(width, height).astype(np.int16)
        self._changed = None
        if self._last is not None and self._last.shape == now.shape:
            step = now - self._last
            # Exposure shifts every pixel alike; that is not movement.
            self._changed = np.abs(step - np.int16(np.median(step[::2, ::2]))) > STEP
        self._last = now
        self._across, self._down = width / frame.width, height / frame.height

    def at(self, box: Box) -> bool:
        """Whether nothing changed in a box (pixels); unknown is no."""
        if self._changed is None:
            return False
        rows = slice(max(0, int(box[1] * self._down)), max(1, round(box[3] * self._down)))
        columns = slice(max(0, int(box[0] * self._across)), max(1, round(box[2] * self._across)))
        place = self._changed[rows, columns]
        return bool(place.size) and float(place.mean()) <= SHARE
