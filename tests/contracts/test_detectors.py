"""Every detector keeps the promises of the seam: networks of each format and the built-in one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fakes.detecting import ColourDetector
from tests.fakes.onnx_files import write_constant_network
from vision.boxes import Box
from vision.detections import LABELS
from vision.detectors import Detector, open_detector
from vision.frames import Frame
from vision.sources.synthetic import drawn

WIDTH, HEIGHT = 320, 180
REGION: Box = (96.0, 54.0, 160.0, 144.0)


@pytest.fixture(params=["network", "built-in", "quiet", "several"])
def detector(request: pytest.FixtureRequest, tmp_path: Path) -> Detector:
    if request.param == "quiet":
        return ColourDetector()
    if request.param == "built-in":
        return open_detector("", 1)
    out = np.zeros((1, 84, 84), np.float32)
    out[0, :4, :2] = [[32, 60], [32, 60], [16, 30], [16, 30]]
    out[0, 4, :2] = (0.9, 0.15)
    path = write_constant_network(tmp_path / "x.onnx", (1, 3, 64, 64), {"o": out})
    if request.param == "several":
        return open_detector(str(path), 1, ("", str(path)))
    return open_detector(str(path), 1)


def frame(box: Box | None = (0.3, 0.3, 0.5, 0.8)) -> Frame:
    return Frame(drawn(box, WIDTH, HEIGHT), 1.0, 1.0)


def test_it_says_what_it_is(detector: Detector) -> None:
    """A name, labels the hub knows, and a threshold between nothing and certainty."""
    assert detector.name
    assert detector.labels
    assert set(detector.labels) <= set(LABELS)
    assert 0 < detector.threshold < 1


def test_what_it_finds_lies_in_the_picture(detector: Detector) -> None:
    """Boxes in pixels of the frame, scores in 0..1, labels it announced; equally many of each."""
    found = detector.detect(frame(), [REGION])
    assert found.boxes.shape == (len(found), 4)
    assert found.boxes.dtype == found.scores.dtype == np.float32
    assert len(found.scores) == len(found.labels)
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [WIDTH, HEIGHT, WIDTH, HEIGHT]).all()
    assert ((found.scores > 0) & (found.scores <= 1)).all()
    assert set(found.labels) <= set(detector.labels)


def test_it_leaves_the_picture_alone(detector: Detector) -> None:
    """The frame is read, never drawn on."""
    seen = frame()
    before = seen.image.copy()
    detector.detect(seen, [REGION])
    np.testing.assert_array_equal(seen.image, before)


def test_the_same_picture_gives_the_same_answer(detector: Detector) -> None:
    """Nothing is remembered between looks."""
    first = detector.detect(frame(), [REGION])
    detector.detect(frame(None), [REGION])
    again = detector.detect(frame(), [REGION])
    np.testing.assert_allclose(first.boxes, again.boxes)
    np.testing.assert_allclose(first.scores, again.scores, atol=1e-6)
    assert first.labels == again.labels


def test_one_that_needs_regions_finds_nothing_without(detector: Detector) -> None:
    """No region, no work, no detection."""
    if detector.needs_regions:
        assert len(detector.detect(frame(), ())) == 0


@pytest.mark.parametrize("region", [(0, 0, 1, 1), (319, 179, 320, 180), (-5, -5, 400, 300)])
def test_odd_regions_do_no_harm(detector: Detector, region: Box) -> None:
    """Tiny, in the corner, and over the edge."""
    found = detector.detect(frame(), [region])
    assert np.isfinite(found.boxes).all()
