"""Detectors that finish the work themselves: [1, rows, 6] of corners, score and class."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.format import Candidates, Decode, Format
from vision.detectors.formats.ultralytics import PREPARATION, STRIDES
from vision.detectors.graph import Graph, Outputs
from vision.detectors.labels import COCO, names_in

MOST_ROWS = 1000


def _classes(graph: Graph) -> int | None:
    match graph.shapes:
        case [(1, rows, 6)] if rows <= MOST_ROWS and rows != graph.cells(*STRIDES):
            # The tensor does not say how many classes there are.
            return len(names_in(graph.metadata)) or len(COCO)
    return None


def _decoder(_: Graph) -> Decode:
    def decode(outputs: Outputs) -> Candidates:
        (rows,) = (tensor[0] for tensor in outputs.values())
        rows = rows[rows[:, 4] > 0]
        return Candidates(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64))

    return decode


FORMAT = Format(
    name="end-to-end",
    preparation=PREPARATION,
    threshold=0.30,
    classes=_classes,
    decoder=_decoder,
    suppress=False,
)
