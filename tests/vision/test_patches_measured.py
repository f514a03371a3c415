"""The built-in detector on real pictures and clips that it was not trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vision.detectors.patches import BUILT_IN, PatchDetector
from vision.evaluate.run import Question, evaluate
from vision.training.measure import (
    CCTV_FIRE,
    VILLAGE,
    measure_events,
    measure_stills,
    sample_figures,
)

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def detector() -> PatchDetector:
    return PatchDetector.open()


def events(shared: Path, name: str) -> list[dict[str, Any]]:
    truth = json.loads((shared / "groundtruth.json").read_text(encoding="utf-8"))
    (clip,) = [c for c in truth["clips"] if Path(c["file"]).name == name]
    found: list[dict[str, Any]] = clip["events"]
    return found


def test_the_manifest_states_what_is_measured(detector: PatchDetector, shared: Path) -> None:
    """The figures in the manifest are those that its weights reach on the public pictures."""
    manifest = json.loads(BUILT_IN.with_suffix(".json").read_text(encoding="utf-8"))
    stated = {key: value for key, value in manifest["measured"].items() if key != "pictures"}
    again = sample_figures(detector, shared / "public")
    assert again == pytest.approx(stated, abs=0.015)
    assert again["background"] >= 0.9
    assert again["vehicle"] >= 0.7


def test_every_car_that_passes_is_an_event(detector: PatchDetector, shared: Path) -> None:
    """Four cars from steeply above: all found within two seconds, nothing while it is empty."""
    name = "intel_car-detection.mp4"
    result = measure_events(detector, shared / "public" / name, events(shared, name), "vehicle")
    assert (result.found, result.of) == (4, 4)
    assert max(result.latency_s) <= 2.0
    assert result.false_frames <= 0.03 * result.empty_frames


def test_every_person_who_enters_is_an_event(detector: PatchDetector, shared: Path) -> None:
    """Six people enter, stand and leave: all found and kept while they stand still."""
    name = "intel_one-by-one-person-detection.mp4"
    result = measure_events(detector, shared / "public" / name, events(shared, name), "person")
    assert (result.found, result.of) == (6, 6)
    assert max(result.latency_s) <= 2.5
    assert result.hit_frames >= 0.8 * result.frames
    assert result.false_frames <= 0.03 * result.empty_frames


def test_a_fire_is_seen_in_most_looks(detector: PatchDetector, shared: Path) -> None:
    """A dolls' house burns, with flames a few pixels high at first, before a shaking camera."""
    name = "furg_house6_fire.mp4"
    result = measure_events(detector, shared / "public" / name, events(shared, name), "fire")
    assert (result.found, result.of) == (1, 1)
    assert max(result.latency_s) <= 6.0
    assert result.hit_frames >= 0.75 * result.frames


def test_single_pictures_of_fire_are_told_from_village_roads(
    detector: PatchDetector, shared: Path
) -> None:
    """Without time the network alone judges: fire in more than 0.8, and none on a road."""
    public = shared / "public"
    burning, _ = measure_stills(detector, public / "cctv_fire_images", CCTV_FIRE, "fire", 0.6)
    _, silent = measure_stills(detector, public / "village_road_images", VILLAGE, "fire", 0.6)
    assert burning.rate >= 0.8
    assert silent.rate > 0.99


def test_every_event_is_found_and_nothing_else_is_told(shared: Path) -> None:
    """The public clips as the whole pipeline sees them: each event, each alarm, no false one."""
    public = shared / "public"
    clips = sorted([*public.glob("*.mp4"), *public.glob("*.gif")])
    empty = tuple(clip for clip in clips if "bottle" in clip.name)
    known = tuple(clip for clip in clips if clip not in empty)
    truth = shared / "groundtruth.json"
    said = evaluate(Question(clips=known, negatives=empty, truth=truth), say=lambda _: None)
    assert said["event_recall"] == said["incident_recall"] == 1.0
    assert said["false_incidents"] == 0
    assert said["rules"]["right"] == said["rules"]["rules"] == 3
    assert said["frame_recall"] >= 0.9
    assert said["frame_boxes"]["person"]["recall"] >= 0.8
    assert said["frame_boxes"]["vehicle"]["precision"] >= 0.9
