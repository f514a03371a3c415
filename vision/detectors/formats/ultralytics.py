"""The layout of YOLOv8 and its successors: one tensor [1, 4 + classes, cells], no objectness."""

from __future__ import annotations

from vision.detectors.formats.format import FLOOR, Candidates, Decode, Format, best_class, corners
from vision.detectors.graph import Graph, Outputs
from vision.detectors.preparation import Colour, Fit, Preparation

STRIDES = (8, 16, 32)
PREPARATION = Preparation(Fit.CENTRE, Colour.RGB, scale=255.0)


def _classes(graph: Graph) -> int | None:
    if graph.metadata.get("task", "detect") != "detect":
        return None
    match graph.shapes:
        case [(1, depth, cells)] if cells == graph.cells(*STRIDES) and depth > 4:
            return depth - 4
    return None


def _decoder(_: Graph) -> Decode:
    def decode(outputs: Outputs) -> Candidates:
        (columns,) = (tensor[0] for tensor in outputs.values())
        rows = columns[:, columns[4:].max(0) > FLOOR].T
        return best_class(corners(rows[:, :2], rows[:, 2:4]), rows[:, 4:])

    return decode


FORMAT = Format(
    name="ultralytics",
    preparation=PREPARATION,
    threshold=0.30,
    classes=_classes,
    decoder=_decoder,
)
