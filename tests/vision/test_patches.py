"""The built-in detector keeps the detector's contract and runs only on weights it can trust."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.boxes import Box
from vision.detections import LABELS
from vision.detectors.crops import PATCH_PX, square_patch
from vision.detectors.detector import Detector
from vision.detectors.patches import BUILT_IN, LEAST_PX, MOST_REGIONS, WEAK, PatchDetector
from vision.errors import ModelError
from vision.frames import Frame
from vision.samples.figures import Outfit, Pose, paste, villager
from vision.samples.vehicles import View, vehicle
from vision.training.data import CLASSES

WIDTH, HEIGHT = 640, 360


@pytest.fixture(scope="module")
def detector() -> PatchDetector:
    return PatchDetector.open()


def drawn() -> tuple[Frame, Box, Box]:
    """A frame with a drawn villager and a drawn car, and where they are."""
    picture = np.full((HEIGHT, WIDTH, 3), (150, 148, 140), np.float32)
    picture += np.random.default_rng(0).normal(0, 4, (HEIGHT, WIDTH, 1)).astype(np.float32)
    paste(picture, villager(120, Pose(stride=0.8), Outfit()), (160, 300))
    paste(picture, vehicle("sedan", View(32, -0.6), (170, 40, 36)), (450, 270))
    image = np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8)[..., ::-1])
    return Frame(image, 0.0, 0.0), (120.0, 175.0, 205.0, 305.0), (375.0, 205.0, 525.0, 300.0)


def copied(folder: Path) -> Path:
    """The committed weights and their manifest in a folder of their own."""
    for file in (BUILT_IN, BUILT_IN.with_suffix(".json")):
        shutil.copy(file, folder / file.name)
    return folder / BUILT_IN.name


def changed(weights: Path, **keys: Any) -> None:
    manifest = weights.with_suffix(".json")
    known = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**known, **keys}), encoding="utf-8")


def test_it_judges_regions_only() -> None:
    """It asks for regions, and finds people and vehicles."""
    found: Detector = PatchDetector.open()
    assert found.needs_regions
    assert set(found.labels) <= set(LABELS)
    assert {"person", "vehicle"} <= set(found.labels)
    assert 0 < found.threshold < 1


def test_nothing_moving_means_nothing_seen(detector: PatchDetector) -> None:
    """Without regions the result is empty and the network is not run."""
    frame, _, _ = drawn()
    found = detector.detect(frame, ())
    assert len(found) == 0
    assert found.boxes.shape == (0, 4)


def test_a_person_and_a_car_get_their_labels_and_the_very_boxes_asked(
    detector: PatchDetector,
) -> None:
    """A detection's box is the region that was asked about, in the order asked."""
    frame, person, car = drawn()
    found = detector.detect(frame, (person, car))
    assert found.labels == ("person", "vehicle")
    assert found.boxes.tolist() == [list(person), list(car)]
    assert (found.scores >= detector.threshold).all()


def test_plain_ground_is_dropped(detector: PatchDetector) -> None:
    """Background is no detection, not even a weak one here."""
    frame, _, _ = drawn()
    assert len(detector.detect(frame, ((250.0, 20.0, 340.0, 110.0),))) == 0


def test_regions_at_and_beyond_the_border_are_judged(detector: PatchDetector) -> None:
    """Boxes that touch, cross or lie outside the edge of the picture do no harm."""
    frame, _, _ = drawn()
    edge: tuple[Box, ...] = (
        (0.0, 0.0, 30.0, 60.0),
        (600.0, 300.0, 640.0, 360.0),
        (-20.0, -20.0, 40.0, 40.0),
        (0.0, 0.0, 640.0, 360.0),
        (700.0, 400.0, 760.0, 460.0),
        (10.0, 10.0, 10.4, 10.4),
    )
    found = detector.detect(frame, edge)
    assert ((found.scores > 0) & (found.scores <= 1)).all()


def test_a_region_without_area_is_ignored(detector: PatchDetector) -> None:
    """A degenerate box is nothing to look at, and a few pixels are too little."""
    frame, _, _ = drawn()
    tiny = LEAST_PX - 1.0
    regions = ((50.0, 50.0, 50.0, 90.0), (9.0, 9.0, 4.0, 4.0), (150.0, 200.0, 170.0, 200.0 + tiny))
    assert len(detector.detect(frame, regions)) == 0


def test_a_storm_of_regions_costs_no_more_than_one_batch(
    detector: PatchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first regions are judged, in one run of the network."""
    frame, person, car = drawn()
    batches: list[int] = []
    whole = PatchDetector.classify

    def counted(self: PatchDetector, image: Any, boxes: Any) -> Any:
        batches.append(len(boxes))
        return whole(self, image, boxes)

    monkeypatch.setattr(PatchDetector, "classify", counted)
    tiny: list[Box] = [(float(x), 10.0, x + 26.0, 36.0) for x in range(0, 600, 10)]
    found = detector.detect(frame, (car, person, *tiny))
    assert batches == [MOST_REGIONS]
    assert {"person", "vehicle"} <= set(found.labels)


def test_a_limb_inside_a_seen_person_is_not_a_second_one(detector: PatchDetector) -> None:
    """Of nested boxes with one label the outer one stays."""
    frame, person, _ = drawn()
    left, top, right, bottom = person
    inner = (left + 5, top + 5, right - 5, bottom - 20)
    found = detector.detect(frame, (inner, person))
    assert [
        box
        for box, name in zip(found.boxes.tolist(), found.labels, strict=True)
        if name == "person"
    ] == [list(person)]


def test_weak_evidence_is_given_down_to_a_third(detector: PatchDetector) -> None:
    """The tracker gets what may hold an object, and nothing weaker."""
    frame, _, _ = drawn()
    chance = np.random.default_rng(2)
    for _ in range(12):
        corners = chance.uniform((0, 0), (560, 280), (16, 2))
        sizes = chance.uniform(20, 120, (16, 2))
        regions = [
            (float(x), float(y), float(x + w), float(y + h))
            for (x, y), (w, h) in zip(corners, sizes, strict=True)
        ]
        assert (detector.detect(frame, regions).scores >= detector.threshold * WEAK).all()


@settings(deadline=None, max_examples=60)
@given(
    box=st.tuples(*[st.floats(-2000, 2000, allow_nan=False) for _ in range(4)]),
    margin=st.floats(0.5, 3.0),
)
def test_any_box_gives_a_square_patch(box: Box, margin: float) -> None:
    """The cut never fails and always has the size of the network's input."""
    picture = np.zeros((48, 80, 3), np.uint8)
    assert square_patch(picture, box, margin=margin).shape == (PATCH_PX, PATCH_PX, 3)


def test_a_patch_shows_its_region_in_the_middle() -> None:
    """Also where the square reaches over the edge, what was asked for stays in the centre."""
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[0:20, 0:20] = 255
    patch = square_patch(picture, (0.0, 0.0, 20.0, 20.0), margin=2.0)
    assert patch[PATCH_PX // 2, PATCH_PX // 2].tolist() == [255, 255, 255]
    assert patch[PATCH_PX - 4, PATCH_PX - 4].tolist() == [0, 0, 0]


def test_the_committed_weights_are_the_ones_of_their_manifest() -> None:
    """Hash, size, metadata and free batch of the file in the repository."""
    manifest = json.loads(BUILT_IN.with_suffix(".json").read_text(encoding="utf-8"))
    assert hashlib.sha256(BUILT_IN.read_bytes()).hexdigest() == manifest["sha256"]
    assert BUILT_IN.stat().st_size <= 1_000_000
    session = ort.InferenceSession(str(BUILT_IN), providers=["CPUExecutionProvider"])
    said = session.get_modelmeta().custom_metadata_map
    assert said["hub.format"] == "patch"
    assert said["version"] == manifest["version"]
    assert manifest["names"] == list(CLASSES)
    assert isinstance(session.get_inputs()[0].shape[0], str)
    for key in ("licence", "training", "measured"):
        assert manifest[key]


def test_smoke_is_not_reported_yet(detector: PatchDetector) -> None:
    """What the manifest calls experimental is no label of the detector."""
    manifest = json.loads(BUILT_IN.with_suffix(".json").read_text(encoding="utf-8"))
    unripe = {name for name, about in manifest["classes"].items() if about["experimental"]}
    assert unripe == {"smoke"}
    assert not unripe & set(detector.labels)


def test_tampered_weights_are_refused(tmp_path: Path) -> None:
    """One changed byte is enough, and the sentence names the file."""
    weights = copied(tmp_path)
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match=r"patch\.onnx is not the one its manifest describes"):
        PatchDetector.open(weights)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    """Weights alone are not trusted."""
    weights = copied(tmp_path)
    weights.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match=r"manifest .*patch\.json"):
        PatchDetector.open(weights)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """A manifest alone is no detector."""
    weights = copied(tmp_path)
    weights.unlink()
    with pytest.raises(ModelError, match=r"patch\.onnx cannot be read"):
        PatchDetector.open(weights)


@pytest.mark.parametrize(
    "keys",
    [
        {"sha256": "short"},
        {"classes": {"person": {"threshold": 2}}},
        {"classes": {}},
        {"classes": {"ghost": {"threshold": 0.5}}},
        {"names": "person"},
    ],
)
def test_a_broken_manifest_is_refused(tmp_path: Path, keys: dict[str, Any]) -> None:
    """A manifest that makes no sense gives a sentence, not a guess."""
    weights = copied(tmp_path)
    changed(weights, **keys)
    with pytest.raises(ModelError, match=r"patch\.json"):
        PatchDetector.open(weights)


def test_another_kind_of_network_is_refused(tmp_path: Path) -> None:
    """A file whose classes are not the manifest's is no patch classifier of ours."""
    weights = copied(tmp_path)
    changed(weights, names=["background", "person", "vehicle", "two-wheeler", "smoke", "fire"])
    with pytest.raises(ModelError, match="not a patch classifier"):
        PatchDetector.open(weights)
