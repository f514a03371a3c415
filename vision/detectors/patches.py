"""The built-in detector: a small classifier of our own that judges what moves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.boxes import Box, areas, to_array
from vision.detections import LABELS, Detections
from vision.detectors.crops import MARGIN, PATCH_PX, PatchBatch
from vision.detectors.labels import names_in
from vision.detectors.session import open_session
from vision.errors import ModelError
from vision.frames import Frame, Image

WEIGHTS = Path(__file__).parent.parent / "weights"
BUILT_IN = WEIGHTS / "patch.onnx"

MOST_REGIONS = 24
"""Regions looked at in one frame, the first ones: bounds the time of one look."""

LEAST_PX = 24
"""A region whose longer side is less shows too little to be judged."""

LEAST_FIRE_PX = 10
"""A flame is told by its colour, too, and is to be found while it is small."""

VIEWS = ((MARGIN, False), (1.8, True))
"""Margin and mirroring of each look at a region; their probabilities are averaged. Foliage that
passes for a person in one view seldom does in both."""

WEAK = 1 / 3
"""Share of the threshold down to which a region may still hold a track."""

WITHIN = 0.8
"""So much of a smaller box inside a larger one of the same label: both are one object."""


class PatchClass(BaseModel):
    """What the manifest says about one label.

    Attributes:
        experimental: Seen by the network but not reported, because it is not good enough yet.
    """

    model_config = ConfigDict(extra="ignore")

    threshold: float = Field(gt=0, lt=1)
    experimental: bool = False


class PatchManifest(BaseModel):
    """`patch.json` beside the weights; the rest of it is for people."""

    model_config = ConfigDict(extra="ignore")

    version: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    names: list[str]
    classes: dict[str, PatchClass]


class PatchDetector:
    """Judges regions with the patch classifier. Open it with `PatchDetector.open`."""

    def __init__(self, session: ort.InferenceSession, path: Path, manifest: PatchManifest) -> None:
        self._session = session
        self._path = path
        self._version = manifest.version
        self._batch = PatchBatch(VIEWS, MOST_REGIONS)
        self._input = session.get_inputs()[0].name
        reported = {
            name: manifest.classes[name].threshold
            for name in manifest.names
            if name in manifest.classes and not manifest.classes[name].experimental
        }
        self._labels = tuple(reported)
        self._large_only = np.array([label != "fire" for label in reported])
        self._least_px = LEAST_PX if self._large_only.all() else LEAST_FIRE_PX
        self._columns = np.array([manifest.names.index(name) for name in reported], np.intp)
        self._threshold = min(reported.values())
        # A score is comparable over labels: each is scaled to the lowest threshold.
        self._scale = np.array([self._threshold / reported[name] for name in reported], np.float32)

    @classmethod
    def open(cls, path: Path | None = None, threads: int = 1) -> Self:
        """Load the weights and check that they are the ones their manifest describes.

        Args:
            path: A `.onnx` file with its `.json` manifest beside it; None: the built-in ones.
            threads: Threads of one inference.

        Raises:
            ModelError: Weights or manifest are missing, damaged or of another kind.
        """
        weights = BUILT_IN if path is None else path
        manifest = _read_manifest(weights)
        _check_hash(weights, manifest.sha256)
        session = open_session(weights, threads)
        _check_kind(session, weights, manifest)
        return cls(session, weights, manifest)

    @property
    def name(self) -> str:
        return f"{self._path.name} {self._version} (patch, {PATCH_PX}x{PATCH_PX})"

    @property
    def labels(self) -> tuple[str, ...]:
        return self._labels

    @property
    def threshold(self) -> float:
        return self._threshold

    @property
    def needs_regions(self) -> bool:
        return True

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        """Say what each region shows; a box of the result is the region itself.

        The first `MOST_REGIONS` regions go through the network in one batch.
        """
        boxes = to_array(regions)
        sides = boxes[:, 2:] - boxes[:, :2]
        boxes = boxes[(sides.max(axis=1) >= self._least_px) & (sides.min(axis=1) > 0)]
        boxes = boxes[:MOST_REGIONS]
        if not len(boxes):
            return replace(Detections.none(), moved=np.zeros(0, bool))
        chances = self.classify(frame.image, boxes)[:, self._columns] * self._scale
        small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) < LEAST_PX
        chances[small[:, None] & self._large_only] = 0.0
        best = chances.argmax(axis=1)
        scores = chances[np.arange(len(best)), best]
        labels = tuple(self._labels[index] for index in best)
        found = Detections(boxes, scores, labels, np.ones(len(boxes), bool))
        return _outermost(found.where(scores >= self._threshold * WEAK), self._threshold)

    def classify(self, image: Image, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of every class of the network, background first: (n, classes).

        Each box is seen in all `VIEWS`, in one batch.

        Args:
            image: H×W×3 BGR.
            boxes: (n, 4) pixels.

        Raises:
            ModelError: The network fails while running.
        """
        batch = self._batch(image, boxes)
        try:
            logits = self._session.run(None, {self._input: batch})[0]
        except Exception as error:  # the library raises its own unrelated classes
            raise ModelError(
                f"The built-in model {self._path} failed while running ({error})."
            ) from error
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        powers /= powers.sum(axis=1, keepdims=True) * len(VIEWS)
        return np.asarray(powers.reshape(len(VIEWS), len(boxes), -1).sum(axis=0), np.float32)


def _outermost(found: Detections, threshold: float) -> Detections:
    """Without boxes that lie within a larger strong one of the same label: its arm, its wheel."""
    if len(found) < 2:
        return found
    boxes, size = found.boxes, areas(found.boxes)
    corner = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    opposite = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    common = np.clip(opposite - corner, 0, None).prod(axis=2)
    names = np.array(found.labels)
    inside = (common > WITHIN * size[:, None]) & (size[:, None] < size[None, :])
    inside &= (names[:, None] == names[None, :]) & (found.scores >= threshold)[None, :]
    return found.where(~inside.any(axis=1))


def _read_manifest(weights: Path) -> PatchManifest:
    path = weights.with_suffix(".json")
    try:
        manifest = PatchManifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelError(
            f"The manifest {path} of the patch classifier cannot be read ({error.strerror}). "
            "Install the programme again."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ModelError(
            f"The manifest {path} of the patch classifier cannot be used: {key}: {first['msg']}. "
            "Install the programme again."
        ) from error
    reported = [n for n, about in manifest.classes.items() if not about.experimental]
    if not reported or not set(reported) <= set(LABELS) & set(manifest.names):
        raise ModelError(
            f"The manifest {path} reports {', '.join(reported) or 'nothing'}; it must report "
            f"labels of the network among {', '.join(LABELS)}. Install the programme again."
        )
    return manifest


def _check_hash(weights: Path, expected: str) -> None:
    try:
        found = hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"The model file {weights} cannot be read ({error.strerror}). "
            "Install the programme again."
        ) from error
    if found != expected:
        raise ModelError(
            f"The model file {weights} is not the one its manifest describes (sha256 {found[:12]}… "
            f"instead of {expected[:12]}…). It was changed or damaged; install the programme again."
        )


def _check_kind(session: ort.InferenceSession, weights: Path, manifest: PatchManifest) -> None:
    said = dict(session.get_modelmeta().custom_metadata_map)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    fits = (
        said.get("hub.format") == "patch"
        and len(inputs) == len(outputs) == 1
        and list(inputs[0].shape[1:]) == [3, PATCH_PX, PATCH_PX]
        and list(outputs[0].shape[1:]) == [len(manifest.names)]
        and list(names_in(said)) == manifest.names
    )
    if not fits:
        shapes = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in (*inputs, *outputs))
        raise ModelError(
            f"The model file {weights} ({shapes}) is not a patch classifier of this programme. "
            "Leave `model` empty for the built-in one."
        )
