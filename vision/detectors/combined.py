"""Several models on the same picture, as one detector: objects by one, fire by another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vision.boxes import Box
from vision.detections import Detections
from vision.detectors.detector import Detector
from vision.detectors.suppression import strongest
from vision.frames import Frame


class CombinedDetector:
    """Runs each detector in turn; boxes of the same label around one object become one.

    Its threshold is that of the first detector. The scores of the others are brought to its
    scale, so that each believes itself exactly where it did alone.

    Args:
        detectors: At least one.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)
        self._threshold = self._detectors[0].threshold

    @property
    def name(self) -> str:
        return " + ".join(one.name for one in self._detectors)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for one in self._detectors for label in one.labels))

    @property
    def threshold(self) -> float:
        return self._threshold

    @property
    def needs_regions(self) -> bool:
        """Only if each of them does: one that reads whole frames finds what stands still."""
        return all(one.needs_regions for one in self._detectors)

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        found = [
            rescaled(one.detect(frame, regions), one.threshold, self._threshold)
            for one in self._detectors
        ]
        together = joined(found)
        # What a single model gave needs no merging, and stays exactly what it gave.
        return strongest(together) if sum(map(bool, map(len, found))) > 1 else together


def rescaled(found: Detections, threshold: float, to: float) -> Detections:
    """With scores on another scale: 0, `threshold` and 1 become 0, `to` and 1."""
    if threshold == to:
        return found
    low = found.scores * np.float32(to / threshold)
    high = to + (found.scores - threshold) * np.float32((1 - to) / (1 - threshold))
    scores = np.where(found.scores < threshold, low, np.clip(high, to, 1))
    return replace(found, scores=scores.astype(np.float32))


def joined(found: Sequence[Detections]) -> Detections:
    """What several detectors gave for one frame, one after the other."""
    moved = None
    if any(one.moved is not None for one in found):
        parts = [np.zeros(len(one), bool) if one.moved is None else one.moved for one in found]
        moved = np.concatenate(parts)
    return Detections(
        np.concatenate([one.boxes for one in found]),
        np.concatenate([one.scores for one in found]),
        tuple(label for one in found for label in one.labels),
        moved,
    )
