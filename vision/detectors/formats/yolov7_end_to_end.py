"""YOLOv7 with the suppression inside: four named tensors, or rows [n, 7] of the whole batch."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.format import UNTOLD, Candidates, Decode, Format
from vision.detectors.formats.ultralytics import PREPARATION
from vision.detectors.graph import Graph, Outputs

NAMES = {"num_dets", "det_boxes", "det_scores", "det_classes"}


def _classes(graph: Graph) -> int | None:
    if set(graph.sample) >= NAMES and (graph.shape("det_boxes") or ())[-1:] == (4,):
        return UNTOLD
    match graph.shapes:
        case [(_, 7)]:
            return UNTOLD
    return None


def _decoder(graph: Graph) -> Decode:
    return _named if set(graph.sample) >= NAMES else _rows


def _named(outputs: Outputs) -> Candidates:
    count = int(outputs["num_dets"].ravel()[0])
    return Candidates(
        outputs["det_boxes"].reshape(-1, 4)[:count],
        outputs["det_scores"].ravel()[:count],
        outputs["det_classes"].ravel()[:count].astype(np.int64),
    )


def _rows(outputs: Outputs) -> Candidates:
    """Batch, left, top, right, bottom, then class and score; others write score and class."""
    (rows,) = outputs.values()
    first, second = rows[:, 5], rows[:, 6]
    classes, scores = (first, second) if not np.mod(first, 1).any() else (second, first)
    return Candidates(rows[:, 1:5], scores, classes.astype(np.int64))


FORMAT = Format(
    name="yolov7-end-to-end",
    preparation=PREPARATION,
    threshold=0.35,
    classes=_classes,
    decoder=_decoder,
    suppress=False,
)
