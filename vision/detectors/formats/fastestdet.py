"""FastestDet (dog-qiuqiu): one level [1, 5 + classes, height / 16, width / 16]."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.format import (
    FLOOR,
    Candidates,
    Decode,
    Format,
    best_class,
    corners,
    grid,
)
from vision.detectors.graph import Graph, Outputs
from vision.detectors.preparation import Colour, Fit, Preparation

STRIDE = 16

_LEAST_PRESENT = FLOOR ** (1 / 0.6)


def _classes(graph: Graph) -> int | None:
    match graph.shapes:
        case [(1, depth, rows, columns)] if (
            depth > 5 and rows * STRIDE == graph.height and columns * STRIDE == graph.width
        ):
            return depth - 5
    return None


def _decoder(graph: Graph) -> Decode:
    places, _ = grid(graph, STRIDE)
    whole = np.array([graph.width, graph.height], np.float32)

    def decode(outputs: Outputs) -> Candidates:
        (level,) = outputs.values()
        cells = level[0].reshape(level.shape[1], -1).T
        # Most cells hold nothing; no class can lift such a one above the floor.
        some = cells[:, 0] > _LEAST_PRESENT
        cells = cells[some]
        centre = (places[some] + np.tanh(cells[:, 1:3])) * STRIDE
        size = whole / (1 + np.exp(-cells[:, 3:5]))
        return best_class(corners(centre, size), cells[:, :1] ** 0.6 * cells[:, 5:] ** 0.4)

    return decode


FORMAT = Format(
    name="fastestdet",
    preparation=Preparation(Fit.STRETCH, Colour.BGR, scale=255.0),
    threshold=0.55,
    classes=_classes,
    decoder=_decoder,
)
