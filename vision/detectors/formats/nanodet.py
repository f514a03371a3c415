"""NanoDet-m (the OpenCV Zoo file): six tensors, classes and distances for strides 8, 16, 32."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.format import Candidates, Decode, Format, best_class, grid
from vision.detectors.formats.nanodet_plus import PREPARATION, SIDES, around, distances
from vision.detectors.graph import Graph, Outputs

STRIDES = (8, 16, 32)


def _classes(graph: Graph) -> int | None:
    if len(graph.shapes) != 2 * len(STRIDES) or any(len(s) != 3 for s in graph.shapes):
        return None
    rest = sorted(graph.shapes, key=lambda shape: -shape[1])
    depths = {shape[2] for shape in rest} - {SIDES}
    cells = [shape[1] for shape in rest]
    expected = [graph.cells(stride) for stride in STRIDES for _ in range(2)]
    return depths.pop() if len(depths) == 1 and cells == expected else None


def _decoder(graph: Graph) -> Decode:
    places, strides = grid(graph, *STRIDES)
    big_first = sorted(graph.sample, key=lambda name: -graph.sample[name].shape[1])
    sides = [name for name in big_first if graph.sample[name].shape[2] == SIDES]
    scores = [name for name in big_first if name not in sides]

    def decode(outputs: Outputs) -> Candidates:
        reach = distances(np.concatenate([outputs[name][0] for name in sides]))
        boxes = around((places + 0.5) * strides, reach * strides)
        return best_class(boxes, np.concatenate([outputs[name][0] for name in scores]))

    return decode


FORMAT = Format(
    name="nanodet",
    preparation=PREPARATION,
    threshold=0.35,
    classes=_classes,
    decoder=_decoder,
)
