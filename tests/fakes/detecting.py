"""A detector that knows the answer: it sees the rectangle of `vision.sources.synthetic`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.boxes import Box
from vision.detections import LABELS, Detections
from vision.frames import Frame
from vision.sources.synthetic import OBJECT


class ColourDetector:
    """Finds the red rectangle.

    Args:
        label: What it calls it.
        score: How sure it is.
        needs_regions: Whether to look only inside the given regions.
    """

    def __init__(
        self, label: str = "person", score: float = 0.9, *, needs_regions: bool = False
    ) -> None:
        self._label = label
        self._score = score
        self._needs_regions = needs_regions
        self.asked: list[tuple[Box, ...]] = []

    @property
    def name(self) -> str:
        return "colour"

    @property
    def labels(self) -> tuple[str, ...]:
        return LABELS

    @property
    def threshold(self) -> float:
        return 0.5

    @property
    def needs_regions(self) -> bool:
        return self._needs_regions

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        self.asked.append(tuple(regions))
        red = np.abs(frame.image.astype(int) - np.array(OBJECT)).max(2) < 40
        if self._needs_regions:
            allowed = np.zeros_like(red)
            for left, top, right, bottom in regions:
                allowed[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = True
            red &= allowed
        if red.sum() < 20:
            return Detections.none()
        rows, columns = np.nonzero(red)
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return Detections.of([(tuple(map(float, box)), self._score, self._label)])  # type: ignore[list-item]
