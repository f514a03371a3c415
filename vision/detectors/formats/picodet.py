"""PP-PicoDet without its last step: eight tensors, classes and distances for four strides."""

from __future__ import annotations

from vision.detectors.formats.format import Decode, Format
from vision.detectors.formats.nanodet import classes_of, decoder_of
from vision.detectors.graph import Graph
from vision.detectors.preparation import Colour, Fit, Preparation

STRIDES = (8, 16, 32, 64)
PREPARATION = Preparation(
    Fit.STRETCH,
    Colour.RGB,
    scale=255.0,
    mean=(0.485, 0.456, 0.406),
    deviation=(0.229, 0.224, 0.225),
)
"""The mean and the spread of ImageNet."""


def _classes(graph: Graph) -> int | None:
    return classes_of(graph, STRIDES)


def _decoder(graph: Graph) -> Decode:
    return decoder_of(graph, STRIDES)


FORMAT = Format(
    name="picodet",
    preparation=PREPARATION,
    threshold=0.40,
    classes=_classes,
    decoder=_decoder,
)
