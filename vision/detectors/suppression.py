"""Of several boxes around one object, keep the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.boxes import overlaps
from vision.detections import Detections

MOST = 300
"""Candidates looked at; more than this in one frame is noise."""


def strongest(found: Detections, overlap: float = 0.5) -> Detections:
    """Greedy non-maximum suppression among boxes of the same label, best first.

    Args:
        found: Any number of detections.
        overlap: Two boxes with a larger intersection over union are one object.
    """
    order = np.argsort(-found.scores, kind="stable")[:MOST]
    if len(order) < 2:
        return found
    boxes = found.boxes[order]
    numbers = {label: number for number, label in enumerate(set(found.labels))}
    names = np.array([numbers[found.labels[i]] for i in order.tolist()])
    rivals = (overlaps(boxes, boxes) > overlap) & (names[:, None] == names[None, :])
    rivals[np.tri(len(order), dtype=bool)] = False
    alive: NDArray[np.bool_] = np.ones(len(order), bool)
    for i in np.flatnonzero(rivals.any(1)).tolist():
        if alive[i]:
            alive &= ~rivals[i]
    kept = order[alive]
    labels = tuple(found.labels[i] for i in kept.tolist())
    moved = None if found.moved is None else found.moved[kept]
    return Detections(found.boxes[kept], found.scores[kept], labels, moved)
