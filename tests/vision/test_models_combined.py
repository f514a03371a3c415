"""Several models at once: each finds what it would find alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.onnx_files import write_constant_network
from vision.boxes import Box
from vision.detections import Detections
from vision.detectors import open_detector
from vision.detectors.combined import CombinedDetector
from vision.errors import ModelError
from vision.frames import Frame
from vision.settings import WorkerSpec

FRAME = Frame(np.full((180, 320, 3), 100, np.uint8), 0.0, 0.0)
HERE, BESIDE, THERE = (10, 10, 50, 50), (12, 10, 52, 50), (100, 100, 150, 150)
APART = (200, 20, 240, 60)


class Fixed:
    """A detector with a known answer."""

    def __init__(
        self,
        *found: tuple[Box, float, str],
        threshold: float = 0.5,
        needs_regions: bool = False,
        error: ModelError | None = None,
    ) -> None:
        self._found = found
        self._error = error
        self.threshold = threshold
        self.needs_regions = needs_regions
        self.labels = tuple(dict.fromkeys(label for _, _, label in found))
        self.name = "/".join(self.labels)
        self.asked: list[tuple[Box, ...]] = []

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        self.asked.append(tuple(regions))
        if self._error:
            raise self._error
        if self.needs_regions and not regions:
            return Detections.none()
        return Detections.of(self._found)


def triples(found: Detections) -> list[tuple[str, float]]:
    pairs = zip(found.labels, found.scores, strict=True)
    return sorted((label, round(float(score), 3)) for label, score in pairs)


def test_labels_and_names_are_together() -> None:
    """Whoever asks what it can find gets everything, each label once."""
    both = CombinedDetector(
        [Fixed((HERE, 0.9, "person"), (HERE, 0.9, "fire")), Fixed((HERE, 0.9, "fire"))]
    )
    assert both.labels == ("person", "fire")
    assert both.name == "person/fire + fire"


def test_one_object_seen_by_both_is_one() -> None:
    """The same label around the same place is kept once, the surer one; anything else stays."""
    both = CombinedDetector(
        [
            Fixed((HERE, 0.6, "person"), (HERE, 0.7, "vehicle")),
            Fixed((BESIDE, 0.9, "person"), (THERE, 0.55, "person"), (HERE, 0.8, "fire")),
        ]
    )
    assert triples(both.detect(FRAME, ())) == [
        ("fire", 0.8),
        ("person", 0.55),
        ("person", 0.9),
        ("vehicle", 0.7),
    ]


def test_each_believes_itself_where_it_did_alone() -> None:
    """Scores are brought to the scale of the first: threshold to threshold, certain to certain."""
    both = CombinedDetector(
        [
            Fixed((HERE, 0.5, "person"), threshold=0.5),
            Fixed((HERE, 0.25, "fire"), (THERE, 1.0, "fire"), (APART, 0.1, "fire"), threshold=0.25),
        ]
    )
    assert both.threshold == 0.5
    assert triples(both.detect(FRAME, ())) == [
        ("fire", 0.2),
        ("fire", 0.5),
        ("fire", 1.0),
        ("person", 0.5),
    ]


def test_what_only_one_found_is_left_as_it_was() -> None:
    """A detector that merges differently keeps its own boxes when the other is silent."""
    alone = Fixed((HERE, 0.6, "person"), (BESIDE, 0.9, "person"))
    assert len(CombinedDetector([alone, Fixed()]).detect(FRAME, ())) == 2


def test_regions_are_needed_only_if_all_need_them() -> None:
    """A whole-frame network looks without regions; the classifier beside it gets what there is."""
    whole, moving = Fixed((HERE, 0.9, "person")), Fixed((THERE, 0.9, "fire"), needs_regions=True)
    both = CombinedDetector([moving, whole])
    assert not both.needs_regions
    assert CombinedDetector([moving, moving]).needs_regions
    assert triples(both.detect(FRAME, ())) == [("person", 0.9)]
    assert triples(both.detect(FRAME, [THERE])) == [("fire", 0.9), ("person", 0.9)]
    assert whole.asked == moving.asked == [(), (THERE,)]


def test_nothing_found_is_nothing() -> None:
    """Empty answers of all give an empty answer of the right shape."""
    found = CombinedDetector([Fixed(), Fixed()]).detect(FRAME, ())
    assert len(found) == 0
    assert found.boxes.shape == (0, 4)


def test_a_failure_of_one_is_told() -> None:
    """Half a look is no look: the worker says which model failed."""
    both = CombinedDetector([Fixed(), Fixed(error=ModelError("The fire model failed."))])
    with pytest.raises(ModelError, match="fire model"):
        both.detect(FRAME, ())


def test_settings_open_several(tmp_path: Path) -> None:
    """A network for fire beside the built-in one: the labels of both; without extras, just one."""
    out = np.zeros((1, 6, 84), np.float32)
    path = write_constant_network(
        tmp_path / "fire.onnx", (1, 3, 64, 64), {"o": out}, {"names": "['fire', 'smoke']"}
    )
    both = open_detector("", 1, (str(path),))
    assert isinstance(both, CombinedDetector)
    assert {"person", "fire", "smoke"} <= set(both.labels)
    assert not isinstance(open_detector(str(path), 1), CombinedDetector)
    with pytest.raises(ModelError, match=r"gone\.onnx"):
        open_detector("", 1, (str(tmp_path / "gone.onnx"),))


def test_the_worker_is_told_over_the_line() -> None:
    """The orders survive the way through JSON; older orders without the key are understood."""
    spec = WorkerSpec("w", (), extra_models=("a.onnx", ""))
    assert WorkerSpec.from_json(spec.to_json()) == spec
    assert WorkerSpec.from_json({"worker": "w", "cameras": []}).extra_models == ()
