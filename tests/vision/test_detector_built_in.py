"""The built-in model is a detector and a classifier that agree on what one object is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.vision.test_models_combined import FRAME, Fixed, triples
from vision.boxes import to_array
from vision.detections import Detections
from vision.detectors import open_detector
from vision.detectors.built_in import DETECTOR, BuiltInDetector, explained, without_parts
from vision.errors import ModelError

HERE, BESIDE, THERE = (10, 10, 50, 50), (12, 10, 52, 50), (100, 100, 150, 150)
PART, AROUND = (30, 12, 44, 24), (5, 5, 90, 60)


def built_in(
    *found: tuple[tuple[float, ...], float, str], judged: tuple[str, float] = ("person", 0.9)
) -> tuple[BuiltInDetector, Judge]:
    moving = Judge(*judged)
    return BuiltInDetector(Fixed(*found, threshold=0.4), moving), moving  # type: ignore[arg-type]


class Judge(Fixed):
    """Gives each region the same label and score, as something that moved."""

    def __init__(self, label: str, score: float) -> None:
        super().__init__((HERE, score, label), threshold=0.6, needs_regions=True)
        self._label, self._score = label, score

    def detect(self, frame, regions):  # type: ignore[no-untyped-def]
        self.asked.append(tuple(regions))
        found = Detections.of([(box, self._score, self._label) for box in regions])
        return Detections(found.boxes, found.scores, found.labels, np.ones(len(found), bool))


def test_what_stands_still_is_seen_without_regions() -> None:
    """The detector reads the whole frame, and what it gives needs not have moved."""
    both, _ = built_in((HERE, 0.4, "person"))
    found = both.detect(FRAME, ())
    assert not both.needs_regions
    assert triples(found) == [("person", 0.6)]
    assert found.moved is None or not found.moved.any()


def test_what_the_detector_misses_is_judged_where_it_moves() -> None:
    """A region without a sure object goes to the classifier, and is marked as only moving."""
    both, moving = built_in((HERE, 0.9, "person"), judged=("vehicle", 0.8))
    found = both.detect(FRAME, (THERE,))
    assert moving.asked == [(THERE,)]
    assert triples(found) == [("person", 0.933), ("vehicle", 0.8)]
    assert found.moved is not None
    assert [found.labels[i] for i in np.flatnonzero(found.moved)] == ["vehicle"]


@pytest.mark.parametrize("region", [BESIDE, PART, AROUND])
def test_one_object_is_one_box(region: tuple[float, ...]) -> None:
    """The region of a sure object, its arm, and a region around it are no further people."""
    both, _ = built_in((HERE, 0.9, "person"))
    found = both.detect(FRAME, (region,))  # type: ignore[arg-type]
    assert len(found) == 1


def test_the_region_of_a_sure_object_is_not_judged() -> None:
    """It would only cost time."""
    both, moving = built_in((HERE, 0.9, "person"))
    both.detect(FRAME, (BESIDE, THERE))
    assert moving.asked == [(THERE,)]


def test_a_doubtful_object_does_not_silence_the_classifier() -> None:
    """Below its threshold the detector explains nothing; together they are still one object."""
    both, _ = built_in((HERE, 0.3, "person"))
    found = both.detect(FRAME, (BESIDE,))
    assert triples(found) == [("person", 0.9)]


def test_a_head_found_beside_the_whole_is_no_second_person() -> None:
    """A weaker box inside a stronger one goes; of another label, or surer, it stays."""
    found = Detections.of(
        [(HERE, 0.8, "person"), ((12, 12, 30, 30), 0.7, "person"), (PART, 0.7, "fire")]
    )
    assert without_parts(found).labels == ("person", "fire")
    surer = Detections.of([(HERE, 0.6, "person"), ((12, 12, 30, 30), 0.7, "person")])
    assert len(without_parts(surer)) == 2


def test_a_burning_car_burns() -> None:
    """Fire inside another object is not explained by it."""
    both, _ = built_in((AROUND, 0.9, "vehicle"), judged=("fire", 0.8))
    assert {label for label, _ in triples(both.detect(FRAME, (PART,)))} == {"fire", "vehicle"}


def test_nothing_explains_nothing() -> None:
    """Without objects, or without regions, the answer has the right shape."""
    assert explained(to_array([HERE]), to_array([])).tolist() == [False]
    assert explained(to_array([]), to_array([HERE])).shape == (0,)
    assert explained(to_array([HERE, THERE]), to_array([AROUND])).tolist() == [True, False]


def test_an_empty_model_setting_opens_both() -> None:
    """Its name tells both files; it finds people, vehicles and two-wheelers."""
    detector = open_detector("", 1)
    assert isinstance(detector, BuiltInDetector)
    assert "detector.onnx" in detector.name
    assert "patch.onnx" in detector.name
    assert {"person", "vehicle", "two-wheeler"} <= set(detector.labels)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    """One byte more, and the sentence says to install the programme again."""
    path = tmp_path / DETECTOR.name
    shutil.copy(DETECTOR, path)
    shutil.copy(DETECTOR.with_suffix(".json"), path.with_suffix(".json"))
    BuiltInDetector.open(1, path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="install the programme again"):
        BuiltInDetector.open(1, path)


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    """They are named."""
    with pytest.raises(ModelError, match=r"gone\.onnx"):
        BuiltInDetector.open(1, tmp_path / "gone.onnx")


def test_weights_without_a_manifest_are_refused(tmp_path: Path) -> None:
    """Nobody would know whether they are whole."""
    path = tmp_path / DETECTOR.name
    shutil.copy(DETECTOR, path)
    with pytest.raises(ModelError, match="changed or damaged"):
        BuiltInDetector.open(1, path)
    path.with_suffix(".json").write_text(json.dumps({"sha256": "0" * 64}))
    with pytest.raises(ModelError, match="changed or damaged"):
        BuiltInDetector.open(1, path)
