"""RF-DETR (Roboflow): `dets`, shares of the picture, and `labels`, logits of COCO's own numbers."""

from __future__ import annotations

from vision.detectors.formats.detr_queries import decoder_of, queries
from vision.detectors.formats.format import Decode, Format
from vision.detectors.formats.picodet import PREPARATION
from vision.detectors.graph import Graph
from vision.detectors.labels import COCO_NUMBERS

LOGITS, BOXES = "labels", "dets"


def _classes(graph: Graph) -> int | None:
    return queries(graph, LOGITS, BOXES)


def _decoder(graph: Graph) -> Decode:
    return decoder_of(graph, LOGITS, BOXES)


FORMAT = Format(
    name="rf-detr",
    preparation=PREPARATION,
    threshold=0.45,
    classes=_classes,
    decoder=_decoder,
    suppress=False,
    usual=COCO_NUMBERS,
)
