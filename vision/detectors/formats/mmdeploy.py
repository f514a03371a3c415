"""RTMDet and others through mmdeploy: `dets` [1, n, 5] with the score last, `labels` [1, n]."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.format import UNTOLD, Candidates, Decode, Format
from vision.detectors.formats.nanodet_plus import PREPARATION
from vision.detectors.graph import Graph, Outputs


def _classes(graph: Graph) -> int | None:
    match graph.shape("dets"), graph.shape("labels"):
        case (1, rows, 5), (1, others) if rows == others:
            return UNTOLD
    return None


def _decoder(_: Graph) -> Decode:
    def decode(outputs: Outputs) -> Candidates:
        rows = outputs["dets"][0]
        return Candidates(rows[:, :4], rows[:, 4], outputs["labels"][0].astype(np.int64))

    return decode


FORMAT = Format(
    name="mmdeploy",
    preparation=PREPARATION,
    threshold=0.35,
    classes=_classes,
    decoder=_decoder,
    suppress=False,
)
