"""NanoDet-m (the OpenCV Zoo file): six tensors, classes and distances for strides 8, 16, 32."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.detectors.formats.format import FLOOR, Candidates, Decode, Format, best_class, grid
from vision.detectors.formats.nanodet_plus import PREPARATION, SIDES, around, distances
from vision.detectors.graph import Graph, Outputs

STRIDES = (8, 16, 32)


def classes_of(graph: Graph, strides: Sequence[int]) -> int | None:
    """Classes where there is one tensor of classes and one of distances for each stride."""
    if len(graph.shapes) != 2 * len(strides) or any(len(s) != 3 for s in graph.shapes):
        return None
    rest = sorted(graph.shapes, key=lambda shape: -shape[1])
    depths = {shape[2] for shape in rest} - {SIDES}
    cells = [shape[1] for shape in rest]
    expected = [graph.cells(stride) for stride in strides for _ in range(2)]
    return depths.pop() if len(depths) == 1 and cells == expected else None


def decoder_of(graph: Graph, strides: Sequence[int]) -> Decode:
    """Reads such tensors, in whatever order they come."""
    places, sizes = grid(graph, *strides)
    points = (places + 0.5) * sizes
    big_first = sorted(graph.sample, key=lambda name: -graph.sample[name].shape[1])
    sides = [name for name in big_first if graph.sample[name].shape[2] == SIDES]
    scores = [name for name in big_first if name not in sides]

    def decode(outputs: Outputs) -> Candidates:
        chances = np.concatenate([outputs[name][0] for name in scores])
        some = chances.max(1) > FLOOR
        reach = distances(np.concatenate([outputs[name][0] for name in sides])[some]) * sizes[some]
        return best_class(around(points[some], reach), chances[some])

    return decode


def _classes(graph: Graph) -> int | None:
    return classes_of(graph, STRIDES)


def _decoder(graph: Graph) -> Decode:
    return decoder_of(graph, STRIDES)


FORMAT = Format(
    name="nanodet",
    preparation=PREPARATION,
    threshold=0.35,
    classes=_classes,
    decoder=_decoder,
)
