"""RT-DETR from Ultralytics: one tensor [1, queries, 4 + classes], shares of the picture."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.detr import PREPARATION
from vision.detectors.formats.detr_queries import in_pixels
from vision.detectors.formats.format import Candidates, Decode, Format, best_class
from vision.detectors.graph import Graph, Outputs

MOST_QUERIES = 1000
_SHARE = 1.5
"""Boxes may reach a little beyond the picture; pixels are far above."""


def _classes(graph: Graph) -> int | None:
    match list(graph.sample.values()):
        case [rows] if rows.ndim == 3 and rows.shape[0] == 1:
            queries, depth = map(int, rows.shape[1:])
            boxes = rows[0, :, :4]
            if queries <= MOST_QUERIES and depth > 4 and boxes.any() and boxes.max() <= _SHARE:
                return depth - 4
    return None


def _decoder(graph: Graph) -> Decode:
    def decode(outputs: Outputs) -> Candidates:
        (rows,) = (tensor[0] for tensor in outputs.values())
        return best_class(in_pixels(np.asarray(rows[:, :4]), graph), rows[:, 4:])

    return decode


FORMAT = Format(
    name="rt-detr-ultralytics",
    preparation=PREPARATION,
    threshold=0.45,
    classes=_classes,
    decoder=_decoder,
    suppress=False,
)
