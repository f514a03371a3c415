"""Boxes beside boxes: which of those wanted were found, and which found were not wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vision.boxes import Boxes, areas, overlaps, to_array
from vision.detections import Detections

IOU = 0.4
"""Intersection over union from which on two boxes mean the same object."""

INSIDE = 0.5
"""Share of a box inside a region to ignore from which on it says nothing."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one label: objects wanted, boxes given for it, and boxes given rightly."""

    wanted: int = 0
    given: int = 0
    right: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.wanted + other.wanted, self.given + other.given, self.right + other.right)

    @property
    def recall(self) -> float | None:
        return self.right / self.wanted if self.wanted else None

    @property
    def precision(self) -> float | None:
        return self.right / self.given if self.given else None


def tally(
    found: Detections, wanted: Detections, ignore: Boxes, *, labels: Iterable[str]
) -> dict[str, Tally]:
    """Match boxes greedily, the surest first; an object is found at most once.

    Args:
        found: What the model gave.
        wanted: What is there; the scores do not matter.
        ignore: K×4 regions in which nothing counts for or against: a box mostly inside one that
            matches no object is left out.
        labels: Only these are counted.
    """
    return {
        label: _tally(
            found.where(np.array([name == label for name in found.labels], bool)),
            wanted.where(np.array([name == label for name in wanted.labels], bool)).boxes,
            ignore,
        )
        for label in labels
    }


def _tally(found: Detections, wanted: Boxes, ignore: Boxes) -> Tally:
    worth = overlaps(found.boxes, wanted)
    free = np.ones(len(wanted), bool)
    given = right = 0
    for row in np.argsort(-found.scores, kind="stable"):
        left = worth[row] * free
        best = int(left.argmax()) if left.size else -1
        if best >= 0 and left[best] >= IOU:
            free[best] = False
            right += 1
            given += 1
        elif not _ignored(found.boxes[row : row + 1], ignore):
            given += 1
    return Tally(len(wanted), given, right)


def _ignored(box: Boxes, ignore: Boxes) -> bool:
    if not len(ignore):
        return False
    corner = np.maximum(box[:, :2], ignore[:, :2])
    sides = np.clip(np.minimum(box[:, 2:], ignore[:, 2:]) - corner, 0, None)
    inside = sides.prod(axis=1) / np.maximum(areas(box), 1e-6)
    return bool((inside >= INSIDE).any() or (overlaps(box, ignore) >= IOU).any())


def added(tallies: Sequence[Mapping[str, Tally]]) -> dict[str, Tally]:
    """The sums by label, in the order of the labels' names."""
    names = sorted({name for each in tallies for name in each})
    return {
        name: sum((each.get(name, Tally()) for each in tallies), start=Tally()) for name in names
    }


def scaled(boxes: Sequence[Sequence[float]], across: float, down: float) -> Boxes:
    """Boxes of another picture size, K×4."""
    scale = np.array([across, down, across, down], np.float32)
    return np.asarray(to_array([(b[0], b[1], b[2], b[3]) for b in boxes]) * scale, np.float32)
