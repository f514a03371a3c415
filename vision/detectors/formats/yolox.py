"""YOLOX (Megvii): one tensor [1, cells of strides 8, 16, 32, 5 + classes]."""

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

STRIDES = (8, 16, 32)
_RAW_BELOW = 8.0
"""Raw sizes are logarithms of a few cells; decoded ones are pixels."""


def _classes(graph: Graph) -> int | None:
    match graph.shapes:
        case [(1, cells, depth)] if cells == graph.cells(*STRIDES) and depth > 5:
            return depth - 5
    return None


def _decoder(graph: Graph) -> Decode:
    (sample,) = graph.sample.values()
    raw = bool(np.median(np.abs(sample[0, :, 2:4])) < _RAW_BELOW)
    places, strides = grid(graph, *STRIDES)

    def decode(outputs: Outputs) -> Candidates:
        (rows,) = (tensor[0] for tensor in outputs.values())
        # Most cells hold nothing; leaving them out first saves most of the time.
        some = rows[:, 4] > FLOOR
        rows = rows[some]
        centre, size = rows[:, :2], rows[:, 2:4]
        if raw:
            centre = (centre + places[some]) * strides[some]
            size = np.exp(np.minimum(size, 10)) * strides[some]
        return best_class(corners(centre, size), rows[:, 4:5] * rows[:, 5:])

    return decode


FORMAT = Format(
    name="yolox",
    preparation=Preparation(Fit.TOP_LEFT, Colour.BGR),
    threshold=0.30,
    classes=_classes,
    decoder=_decoder,
)
