"""The committed detector is the file that its manifest and its model card describe."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import onnxruntime as ort
import pytest

from vision.detections import LABELS
from vision.detectors.built_in import DETECTOR
from vision.detectors.network import NetworkDetector
from vision.detectors.patches import WEIGHTS
from vision.detectors.sidefile import read_side_file
from vision.frames import Frame


@pytest.fixture(scope="module")
def detector() -> NetworkDetector:
    return NetworkDetector.open(DETECTOR, 1)


def test_the_manifest_is_that_of_the_file() -> None:
    """Its hash, its classes' thresholds and its size are stated."""
    side = read_side_file(DETECTOR)
    assert side.sha256 == hashlib.sha256(DETECTOR.read_bytes()).hexdigest()
    assert set(side.thresholds) == set(LABELS)
    assert side.version


def test_all_built_in_weights_together_are_small() -> None:
    """Three megabytes at most: they come with every installation."""
    assert sum(path.stat().st_size for path in WEIGHTS.glob("*.onnx")) <= 3_000_000


def test_every_tool_can_read_it(detector: NetworkDetector) -> None:
    """Ultralytics' layout and metadata, in multiples of the coarsest stride."""
    session = ort.InferenceSession(str(DETECTOR), providers=["CPUExecutionProvider"])
    said = session.get_modelmeta().custom_metadata_map
    width, height = detector.size
    assert {"names", "stride", "task", "imgsz"} <= set(said)
    assert json.loads(said["imgsz"]) == [height, width]
    assert width % 32 == height % 32 == 0
    cells = sum((width // s) * (height // s) for s in (8, 16, 32))
    assert session.get_outputs()[0].shape == [1, 4 + len(LABELS), cells]
    assert detector.family == "ultralytics"


def test_it_counts_in_bytes() -> None:
    """8-bit convolutions: a third of the size and clearly quicker."""
    assert b"QuantizeLinear" in DETECTOR.read_bytes()


def test_an_empty_wall_is_empty(detector: NetworkDetector) -> None:
    """Plain grey, black, white and noise show nothing that is believed."""
    noise = np.random.default_rng(1).integers(0, 256, (360, 640, 3), np.uint8)
    for image in (*(np.full((360, 640, 3), v, np.uint8) for v in (0, 114, 255)), noise):
        found = detector.detect(Frame(image, 0.0, 0.0), ())
        assert not (found.scores >= detector.threshold).any()
