"""What a detector found in one frame: arrays of boxes, scores and labels, in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.boxes import Box, Boxes, to_array

LABELS = ("person", "vehicle", "two-wheeler", "fire", "smoke")
"""Every label the hub knows; what a model calls otherwise is mapped here or ignored."""


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes in one frame.

    Attributes:
        boxes: N×4 float32, (left, top, right, bottom) in pixels of the frame.
        scores: N float32, 0..1.
        labels: N of `LABELS`.
        moved: N bool, which of them were judged for no other reason than that something moved
            there, so that only their way can tell an object from a shaken branch; None: none.
    """

    boxes: Boxes
    scores: NDArray[np.float32]
    labels: tuple[str, ...]
    moved: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, found: Iterable[tuple[Box, float, str]]) -> Detections:
        """From (box, score, label) triples."""
        triples: Sequence[tuple[Box, float, str]] = tuple(found)
        return cls(
            to_array([box for box, _, _ in triples]),
            np.asarray([score for _, score, _ in triples], np.float32),
            tuple(label for _, _, label in triples),
        )

    @classmethod
    def none(cls) -> Detections:
        return cls.of(())

    def __len__(self) -> int:
        return len(self.labels)

    def sound(self) -> Detections:
        """Without those whose box or score is no number, as a broken network gives them."""
        good = np.isfinite(self.boxes).all(axis=1) & np.isfinite(self.scores)
        return self if bool(good.all()) else self.where(good)

    def where(self, keep: NDArray[np.bool_]) -> Detections:
        """Those whose place in `keep` is true, in the same order."""
        labels = tuple(label for label, kept in zip(self.labels, keep, strict=True) if kept)
        moved = None if self.moved is None else self.moved[keep]
        return Detections(self.boxes[keep], self.scores[keep], labels, moved)
