"""The built-in model: a small detector for the whole picture, a classifier for what moves.

The detector finds what stands still, is crowded or far away. What moves and what it does not
explain (a car from steeply above, something half hidden) is judged by the classifier. Whatever
both see is one object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vision.boxes import Box, Boxes, areas, overlaps, to_array
from vision.detections import Detections
from vision.detectors.combined import joined, rescaled
from vision.detectors.detector import Detector
from vision.detectors.network import NetworkDetector
from vision.detectors.patches import WEIGHTS, PatchDetector
from vision.detectors.sidefile import read_side_file
from vision.detectors.suppression import strongest
from vision.errors import ModelError
from vision.frames import Frame

DETECTOR = WEIGHTS / "detector.onnx"

SAME = 0.4
"""A region that overlaps a sure object this much shows that object; it need not be judged."""

WEAK = 0.75
"""Share of its threshold down to which the detector holds an object that the classifier began:
bottles and window frames look a little like people to it, and would keep a passing hand alive."""

PART = 0.85
"""A weaker box that lies in a stronger one of the same label by this share is a part of it."""

EXPLAINED = 0.5
"""What lies in a sure object by this share, or it in that, is a part or a group of it."""

BURNING = frozenset({"fire", "smoke"})
"""Seen in and around other things, and never explained by them."""


class BuiltInDetector:
    """Both models as one, on one scale of scores: that of the classifier.

    Args:
        whole: Reads whole frames.
        moving: Judges regions.
    """

    def __init__(self, whole: Detector, moving: Detector) -> None:
        self._whole = whole
        self._moving = moving

    @classmethod
    def open(cls, threads: int = 1, path: Path = DETECTOR) -> Self:
        """Load both models and check that they are the ones their manifests describe.

        Args:
            threads: Threads of one inference.
            path: The detector's `.onnx` file.

        Raises:
            ModelError: One of them is missing, damaged or of another kind.
        """
        _check(path)
        return cls(NetworkDetector.open(path, threads), PatchDetector.open(None, threads))

    @property
    def name(self) -> str:
        return f"{self._whole.name} + {self._moving.name}"

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._whole.labels, *self._moving.labels)))

    @property
    def threshold(self) -> float:
        return self._moving.threshold

    @property
    def needs_regions(self) -> bool:
        """No: it finds what stands still in the whole frame."""
        return False

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        """Look at the whole frame, then judge the regions that it does not explain."""
        found = self._whole.detect(frame, ())
        found = found.where(np.asarray(found.scores >= WEAK * self._whole.threshold, bool))
        seen = rescaled(without_parts(found), self._whole.threshold, self.threshold)
        sure = seen.boxes[seen.scores >= self.threshold]
        judged = self._moving.detect(frame, _open(regions, sure))
        burning = np.array([label in BURNING for label in judged.labels], bool)
        judged = judged.where(burning | ~explained(judged.boxes, sure))
        both = joined((seen, judged))
        return strongest(both) if len(seen) and len(judged) else both


def _open(regions: Sequence[Box], sure: Boxes) -> Sequence[Box]:
    if not len(regions) or not len(sure):
        return regions
    shown = overlaps(to_array(regions), sure).max(1) >= SAME
    return [region for region, known in zip(regions, shown, strict=True) if not known]


def without_parts(found: Detections) -> Detections:
    """Without heads, legs and wheels that were found beside the whole."""
    if len(found) < 2:
        return found
    names = np.array(found.labels)
    inside = _common(found.boxes, found.boxes) > PART * areas(found.boxes)[:, None]
    inside &= found.scores[:, None] < found.scores[None, :]
    inside &= names[:, None] == names[None, :]
    return found.where(np.logical_not(inside.any(axis=1)))


def explained(regions: Boxes, objects: Boxes) -> NDArray[np.bool_]:
    """Which regions (N×4) mostly hold, or lie in, one of the objects (M×4); N bool."""
    smaller = np.minimum(areas(regions)[:, None], areas(objects)[None, :])
    found = _common(regions, objects) > EXPLAINED * np.maximum(smaller, 1e-6)
    return np.asarray(found.any(axis=1), np.bool_)


def _common(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """Pixels that each pair shares, N×M."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    opposite = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.asarray(np.clip(opposite - corner, 0, None).prod(axis=2), np.float32)


def _check(path: Path) -> None:
    """Built-in weights are installed with the programme, so that is where help is."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"The model file {path} cannot be read ({error.strerror}). Install the programme again."
        ) from error
    expected = read_side_file(path).sha256
    if found != expected:
        raise ModelError(
            f"The model file {path} is not the one its manifest describes (sha256 {found[:12]}… "
            f"instead of {expected[:12]}…). It was changed or damaged; install the programme again."
        )
