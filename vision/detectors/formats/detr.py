"""RT-DETR, D-FINE and DEIM as their authors export them: labels, boxes and scores, finished."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.format import UNTOLD, Candidates, Decode, Format
from vision.detectors.graph import Graph, Outputs
from vision.detectors.preparation import Colour, Fit, Preparation

PREPARATION = Preparation(Fit.STRETCH, Colour.RGB, scale=255.0)
NAMES = {"labels", "boxes", "scores"}


def _classes(graph: Graph) -> int | None:
    match graph.shape("boxes"):
        case (1, _, 4) if set(graph.sample) >= NAMES:
            return UNTOLD
    return None


def _decoder(_: Graph) -> Decode:
    def decode(outputs: Outputs) -> Candidates:
        return Candidates(
            outputs["boxes"][0], outputs["scores"][0], outputs["labels"][0].astype(np.int64)
        )

    return decode


FORMAT = Format(
    name="detr",
    preparation=PREPARATION,
    threshold=0.45,
    classes=_classes,
    decoder=_decoder,
    suppress=False,
)
