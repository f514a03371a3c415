"""NanoDet-Plus (RangiLyu): one tensor [1, cells of strides 8, 16, 32, 64, classes + 32]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.detectors.formats.format import FLOOR, Candidates, Decode, Format, best_class, grid
from vision.detectors.graph import Graph, Outputs
from vision.detectors.preparation import Colour, Fit, Preparation

STRIDES = (8, 16, 32, 64)
BINS = 8
SIDES = 4 * BINS
PREPARATION = Preparation(
    Fit.TOP_LEFT, Colour.BGR, mean=(103.53, 116.28, 123.675), deviation=(57.375, 57.12, 58.395)
)


def distances(bins: NDArray[np.float32]) -> NDArray[np.float32]:
    """N×32 scores of bins as N×4 distances in cells: the expectation of each side's softmax.

    Source: Generalized Focal Loss, Li et al. 2020 (distribution focal loss).
    """
    split = bins.reshape(-1, 4, BINS)
    weight = np.exp(split - split.max(2, keepdims=True))
    weight /= weight.sum(2, keepdims=True)
    return np.asarray(weight @ np.arange(BINS, dtype=np.float32), np.float32)


def around(centre: NDArray[np.float32], reach: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centres (N×2) and distances left, top, right, bottom (N×4) as corners (N×4)."""
    return np.concatenate([centre - reach[:, :2], centre + reach[:, 2:]], 1)


def _classes(graph: Graph) -> int | None:
    match graph.shapes:
        case [(1, cells, depth)] if cells == graph.cells(*STRIDES) and depth > SIDES:
            return depth - SIDES
    return None


def _decoder(graph: Graph) -> Decode:
    places, strides = grid(graph, *STRIDES)
    points = places * strides

    def decode(outputs: Outputs) -> Candidates:
        (rows,) = (tensor[0] for tensor in outputs.values())
        scores, bins = rows[:, :-SIDES], rows[:, -SIDES:]
        some = scores.max(1) > FLOOR
        reach = distances(bins[some]) * strides[some]
        return best_class(around(points[some], reach), scores[some])

    return decode


FORMAT = Format(
    name="nanodet-plus",
    preparation=PREPARATION,
    threshold=0.35,
    classes=_classes,
    decoder=_decoder,
)
