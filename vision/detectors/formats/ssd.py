"""SSD from TensorFlow: bytes in, `detection_boxes` as shares of the picture, classes from 1."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.format import UNTOLD, Candidates, Decode, Format
from vision.detectors.graph import Graph, Outputs
from vision.detectors.labels import COCO_NUMBERS
from vision.detectors.preparation import Colour, Fit, Preparation

BOXES, SCORES, CLASSES = "detection_boxes", "detection_scores", "detection_classes"


def _plain(name: str) -> str:
    """Converters add the number of the output to its name: `detection_boxes:0`."""
    return name.partition(":")[0]


def _classes(graph: Graph) -> int | None:
    names = {_plain(name): name for name in graph.sample}
    if {BOXES, SCORES, CLASSES} <= set(names):
        match graph.shape(names[BOXES]):
            case (1, _, 4):
                return UNTOLD
    return None


def _decoder(graph: Graph) -> Decode:
    names = {_plain(name): name for name in graph.sample}
    whole = np.array([graph.width, graph.height] * 2, np.float32)

    def decode(outputs: Outputs) -> Candidates:
        scores = outputs[names[SCORES]][0]
        there = scores > 0
        boxes = outputs[names[BOXES]][0][there][:, [1, 0, 3, 2]] * whole
        classes = outputs[names[CLASSES]][0][there].astype(np.int64) - 1
        return Candidates(np.asarray(boxes, np.float32), scores[there], classes)

    return decode


FORMAT = Format(
    name="ssd",
    preparation=Preparation(Fit.STRETCH, Colour.RGB),
    threshold=0.45,
    classes=_classes,
    decoder=_decoder,
    suppress=False,
    usual=COCO_NUMBERS[1:],
)
