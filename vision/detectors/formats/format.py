"""The seam between a network's output tensors and boxes: one implementation per family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.boxes import Boxes
from vision.detectors.graph import Graph, Outputs
from vision.detectors.labels import COCO
from vision.detectors.preparation import Preparation

UNTOLD = 0
"""Number of classes of a file whose tensors do not tell it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes in pixels of the network's input, before any is left out.

    Attributes:
        boxes: N×4, (left, top, right, bottom).
        scores: N, 0..1.
        classes: N, number of the class.
    """

    boxes: Boxes
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


Decode = Callable[[Outputs], Candidates]


@dataclass(frozen=True, slots=True)
class Format:
    """One family of detectors.

    Attributes:
        name: Also what a side file or the metadata key `hub.format` may say.
        preparation: What the family is trained on.
        threshold: The score from which its published weights are trusted.
        classes: Number of classes if the graph is of this family, `UNTOLD` if it does not tell
            how many; else None.
        decoder: Gives the function that reads this graph's outputs.
        suppress: Whether several boxes around one object have to be reduced to one.
        usual: What the class numbers of its published weights mean.
    """

    name: str
    preparation: Preparation
    threshold: float
    classes: Callable[[Graph], int | None]
    decoder: Callable[[Graph], Decode]
    suppress: bool = True
    usual: tuple[str, ...] = COCO


FLOOR = 0.02
"""A score below it is nothing at all, and leaving it out early is cheap."""


def best_class(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> Candidates:
    """Each box with its strongest class.

    Args:
        boxes: N×4.
        scores: N×C.
    """
    classes = scores.argmax(1)
    best = scores[np.arange(len(scores)), classes]
    keep = best > FLOOR
    return Candidates(
        np.asarray(boxes[keep], np.float32), best[keep], classes[keep].astype(np.int64)
    )


def grid(graph: Graph, *strides: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column and row of every cell (N×2) and its stride (N×1), stride by stride, row by row."""
    places, sizes = [], []
    for stride in strides:
        rows, columns = -(-graph.height // stride), -(-graph.width // stride)
        y, x = np.mgrid[:rows, :columns]
        places.append(np.stack([x.ravel(), y.ravel()], 1))
        sizes.append(np.full((rows * columns, 1), stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(sizes).astype(np.float32)


def corners(centre: NDArray[np.float32], size: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centre and size (N×2 each) as left, top, right, bottom (N×4)."""
    return np.asarray(np.concatenate([centre - size / 2, centre + size / 2], 1), np.float32)
