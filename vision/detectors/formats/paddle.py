"""PP-PicoDet and its relatives, finished: rows [n, 6] of class, score and corners."""

from __future__ import annotations

import numpy as np

from vision.detectors.formats.format import UNTOLD, Candidates, Decode, Format
from vision.detectors.formats.picodet import PREPARATION
from vision.detectors.graph import Graph, Outputs


def _rows_in(graph: Graph) -> str | None:
    return next((name for name, t in graph.sample.items() if t.ndim == 2 and t.shape[1] == 6), None)


def _classes(graph: Graph) -> int | None:
    return UNTOLD if "scale_factor" in graph.companions and _rows_in(graph) else None


def _decoder(graph: Graph) -> Decode:
    name = _rows_in(graph)
    assert name is not None  # noqa: S101 - `_classes` saw it

    def decode(outputs: Outputs) -> Candidates:
        rows = outputs[name]
        # Where nothing is found there is one row of minus ones.
        rows = rows[rows[:, 0] >= 0]
        return Candidates(rows[:, 2:6], rows[:, 1], rows[:, 0].astype(np.int64))

    return decode


FORMAT = Format(
    name="paddle",
    preparation=PREPARATION,
    threshold=0.40,
    classes=_classes,
    decoder=_decoder,
    suppress=False,
)
