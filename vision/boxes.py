"""Rectangles in a picture: pixels, (left, top, right, bottom), x to the right and y down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Box: TypeAlias = tuple[float, float, float, float]
"""(left, top, right, bottom) in pixels; right and bottom are exclusive."""

Boxes: TypeAlias = NDArray[np.float32]
"""N×4 float32, each row a `Box`."""


def to_array(boxes: Sequence[Box]) -> Boxes:
    """N×4 float32, also for N = 0."""
    return np.asarray(boxes, np.float32).reshape(-1, 4)


def to_box(row: NDArray[np.float32]) -> Box:
    left, top, right, bottom = (float(value) for value in row)
    return left, top, right, bottom


def areas(boxes: Boxes) -> NDArray[np.float32]:
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def overlaps(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """Intersection over union of each pair, N×M; 0 where either box is empty."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    opposite = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(opposite - corner, 0)
    common = sides[..., 0] * sides[..., 1]
    union = areas(first)[:, None] + areas(second)[None, :] - common
    return np.asarray(np.divide(common, union, out=np.zeros_like(common), where=union > 0))


def overlap(first: Box, second: Box) -> float:
    """Intersection over union of one pair; 0 where either box is empty."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (_area(first) + _area(second) - common)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def padded(box: Box, share: float, width: int, height: int) -> Box:
    """The box grown on each side by a share of its own size, kept inside the picture."""
    left, top, right, bottom = box
    across, down = (right - left) * share, (bottom - top) * share
    return (
        max(0.0, left - across),
        max(0.0, top - down),
        min(float(width), right + across),
        min(float(height), bottom + down),
    )
