"""Detectors that finish the work themselves: [1, rows, 6] of corners, score and class."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.format import UNTOLD, Candidates, Decode, Format
from vision.detectors.formats.ultralytics import PREPARATION
from vision.detectors.graph import Graph, Outputs

MOST_ROWS = 1000


def _classes(graph: Graph) -> int | None:
    match list(graph.sample.values()):
        # The last column numbers the class; where it does not, these are other rows of six.
        case [rows] if (
            rows.ndim == 3
            and rows.shape[0] == 1
            and rows.shape[2] == 6
            and rows.shape[1] <= MOST_ROWS
            and not np.mod(rows[..., 5], 1).any()
        ):
            return UNTOLD
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
