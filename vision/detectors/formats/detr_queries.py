"""RT-DETR and D-FINE without their last step: `pred_logits` and `pred_boxes` of each query."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.detectors.formats.detr import PREPARATION
from vision.detectors.formats.format import Candidates, Decode, Format, best_class, corners
from vision.detectors.graph import Graph, Outputs

LOGITS, BOXES = "pred_logits", "pred_boxes"

_FIRST_DETR = 92
"""Classes of the DETR of 2020, whose chances exclude each other: another reading, not ours."""


def chances(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each class by itself, between 0 and 1 (sigmoid)."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -50, 50))), np.float32)


def in_pixels(shares: NDArray[np.float32], graph: Graph) -> NDArray[np.float32]:
    """Centre and size as shares of the input (N×4) as corners in its pixels (N×4)."""
    whole = np.array([graph.width, graph.height], np.float32)
    return corners(shares[:, :2] * whole, shares[:, 2:4] * whole)


def queries(graph: Graph, logits: str, boxes: str) -> int | None:
    """Classes of [1, queries, classes] beside [1, queries, 4]; None: the shapes do not agree."""
    match graph.shape(logits), graph.shape(boxes):
        case (1, rows, depth), (1, others, 4) if rows == others:
            return depth
    return None


def decoder_of(graph: Graph, logits: str, boxes: str) -> Decode:
    """Reads such a pair; some exports already give chances, between 0 and 1, for logits."""
    sample = graph.sample[logits]
    finished = bool(sample.min() >= 0 and sample.max() <= 1)

    def decode(outputs: Outputs) -> Candidates:
        scores = outputs[logits][0] if finished else chances(outputs[logits][0])
        return best_class(in_pixels(outputs[boxes][0], graph), scores)

    return decode


def _classes(graph: Graph) -> int | None:
    depth = queries(graph, LOGITS, BOXES)
    return None if depth == _FIRST_DETR else depth


def _decoder(graph: Graph) -> Decode:
    return decoder_of(graph, LOGITS, BOXES)


FORMAT = Format(
    name="detr-queries",
    preparation=PREPARATION,
    threshold=0.45,
    classes=_classes,
    decoder=_decoder,
    suppress=False,
)
