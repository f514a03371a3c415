"""YOLOv5 and YOLOv7: one tensor [1, 3 × cells, 5 + classes], pixels, objectness times class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.detectors.formats.format import (
    FLOOR,
    Candidates,
    Decode,
    Format,
    best_class,
    corners,
)
from vision.detectors.formats.ultralytics import PREPARATION
from vision.detectors.graph import Graph, Outputs

STRIDES = (8, 16, 32)
ANCHORS = 3
"""Boxes at each cell; the file has already put them in their places."""


def _finished(outputs: Outputs) -> NDArray[np.float32] | None:
    """The decoded tensor; older exports give the raw levels, of rank 5, beside it."""
    rank_3 = [tensor for tensor in outputs.values() if tensor.ndim == 3]
    return (
        rank_3[0] if len(rank_3) == 1 and all(t.ndim in {3, 5} for t in outputs.values()) else None
    )


def _classes(graph: Graph) -> int | None:
    finished = _finished(graph.sample)
    if finished is None:
        return None
    _, rows, depth = finished.shape
    three, four = graph.cells(*STRIDES), graph.cells(*STRIDES, 64)
    return depth - 5 if rows in {ANCHORS * three, ANCHORS * four} and depth > 5 else None


def _decoder(_: Graph) -> Decode:
    def decode(outputs: Outputs) -> Candidates:
        finished = _finished(outputs)
        assert finished is not None  # noqa: S101 - `_classes` saw it
        rows = finished[0]
        rows = rows[rows[:, 4] > FLOOR]
        return best_class(corners(rows[:, :2], rows[:, 2:4]), rows[:, 4:5] * rows[:, 5:])

    return decode


FORMAT = Format(
    name="yolov5",
    preparation=PREPARATION,
    threshold=0.35,
    classes=_classes,
    decoder=_decoder,
)
