"""Looks at the training pictures with permissively licensed detectors, for what nobody labelled.

One look of one small network is a poor label: half of its doubtful people are wheels and flames.
Several looks (two networks, two sizes, one of them mirrored) that agree are a good one. A box's
score here is the mean over all looks, a look that misses it counting nothing.

    python -m vision.training.detector_teachers --data FOLDER --models MODEL… --out boxes.jsonl

Every second model looks at the mirrored picture.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vision.detections import LABELS, Detections
from vision.detectors.network import NetworkDetector
from vision.frames import Frame
from vision.training.data import read_sets

SAME = 0.5
"""Overlap from which two looks saw one thing."""

Array = npt.NDArray[np.float32]


def looks(detector: NetworkDetector, image: npt.NDArray[np.uint8], *, mirrored: bool) -> Array:
    """(n, 6) class, left, top, right, bottom in 0..1, score; scores are comparable over models."""
    height, width = image.shape[:2]
    seen = np.ascontiguousarray(image[:, ::-1]) if mirrored else image
    found: Detections = detector.detect(Frame(seen, 0.0, 0.0), ())
    boxes = found.boxes / np.array([width, height, width, height], np.float32)
    if mirrored:
        boxes = np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], 1)
    labels = np.array([LABELS.index(label) for label in found.labels], np.float32)
    rows = np.concatenate([labels[:, None], boxes, found.scores[:, None]], 1)
    return rows.astype(np.float32)


def agreed(rows: Sequence[Array]) -> Array:
    """One row for each thing that any look saw, strongest first; the score is the mean."""
    everything = np.concatenate(list(rows))
    which = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    order = np.argsort(-everything[:, 5], kind="stable")
    everything, which = everything[order], which[order]
    left, out = np.ones(len(everything), bool), []
    for index, row in enumerate(everything):
        if not left[index]:
            continue
        near = left & (everything[:, 0] == row[0]) & (_overlap(row[1:5], everything[:, 1:5]) > SAME)
        near[index] = True
        left &= ~near
        group, source = everything[near], which[near]
        strongest = [group[source == look, 5].max(initial=0.0) for look in range(len(rows))]
        box = (group[:, 1:5] * group[:, 5:]).sum(0) / group[:, 5].sum()
        out.append(np.concatenate([row[:1], np.clip(box, 0, 1), [np.mean(strongest)]]))
    return np.array(out, np.float32).reshape(-1, 6)


def _overlap(box: Array, others: Array) -> Array:
    across = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    down = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    common = np.clip(across, 0, None) * np.clip(down, 0, None)
    size = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    whole = (box[2] - box[0]) * (box[3] - box[1]) + size - common
    return np.asarray(common / np.maximum(whole, 1e-9), np.float32)


def main() -> None:
    """Look at every picture and write one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="this of so many parts")
    said = parser.parse_args()
    detectors = [NetworkDetector.open(path, 1) for path in said.models]
    part, parts = said.part
    with said.out.open("w", encoding="utf-8") as out:
        for image in read_sets(said.data)[part::parts]:
            picture = np.ascontiguousarray(image.read()[..., ::-1])
            found = [looks(one, picture, mirrored=bool(n % 2)) for n, one in enumerate(detectors)]
            rows = [[round(float(v), 4) for v in row] for row in agreed(found) if row[5] >= 0.05]
            out.write(json.dumps([image.group, image.path.stem, rows]) + "\n")


if __name__ == "__main__":
    main()
