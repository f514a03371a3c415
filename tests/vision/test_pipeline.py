"""One camera's way from pictures to incidents, driven without threads."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.fakes.detecting import ColourDetector
from vision.boxes import Box
from vision.pipeline import LOOK_ANYWAY_S, Pipeline
from vision.reports import IncidentReport, Phase
from vision.rules import RULES, Scene
from vision.rules.rule import Finding
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.sources.pace import AsFastAsPossible
from vision.sources.synthetic import SyntheticSource
from vision.zones import Zone

LEFT = ZoneSpec("left", "左岸", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
RIGHT = ZoneSpec("right", "右岸", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))


def visit(at_s: float) -> Box | None:
    """Somebody walks in from the left, stands in the left half, and leaves after 10 s."""
    if not 4 <= at_s < 14:
        return None
    x = min(0.2, (at_s - 4) * 0.1)
    return (x, 0.3, x + 0.1, 0.9)


def camera(**changes: object) -> CameraSpec:
    spec: dict[str, object] = {
        "id": "gate",
        "name": "大门",
        "url": "synthetic:",
        "zones": (LEFT, RIGHT),
        "rules": (RuleSpec("intrusion", "left"), RuleSpec("intrusion", "right")),
    }
    return CameraSpec(**{**spec, **changes})  # type: ignore[arg-type]


def play(
    spec: CameraSpec, detector: ColourDetector, seconds: float = 25.0
) -> tuple[list[IncidentReport], list[str], Pipeline]:
    faults: list[str] = []
    pipeline = Pipeline(spec, detector, on_fault=faults.append)
    source = SyntheticSource(visit, seconds=seconds, fps=5, pace=AsFastAsPossible(1000.0))
    reports = [report for picture in source for report in pipeline.look(picture)]
    return reports, faults, pipeline


@pytest.mark.parametrize("needs_regions", [False, True], ids=["whole frame", "regions"])
def test_a_visit_is_one_incident_in_one_zone(needs_regions: bool) -> None:
    """Opened with a picture while he stands there, closed after he left, nothing elsewhere."""
    reports, faults, _ = play(camera(), ColourDetector(needs_regions=needs_regions))
    assert [report.phase for report in reports] == [Phase.OPENED, Phase.CLOSED]
    opened, closed = reports
    assert opened.key == closed.key
    assert (opened.camera, opened.kind, opened.zone, opened.zone_name) == (
        *("gate", "intrusion", "left", "左岸"),
    )
    assert opened.label == "person"
    assert 1004 <= opened.first_mono_s < opened.frame_mono_s < 1008
    assert 1014 < closed.frame_mono_s < 1019
    assert closed.dwell_s == pytest.approx(10, abs=1.5)
    assert faults == []


def test_the_box_is_in_fractions_of_the_picture() -> None:
    """Left, top, right, bottom, where the person really is."""
    opened = play(camera(), ColourDetector())[0][0]
    now = visit(opened.frame_mono_s - 1000)
    assert now is not None
    np.testing.assert_allclose(opened.box, now, atol=0.02)


def test_the_evidence_is_a_picture_with_the_person() -> None:
    """The JPEG opens, has the frame's size and is small."""
    opened = play(camera(), ColourDetector())[0][0]
    image = cv2.imdecode(np.frombuffer(opened.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (180, 320, 3)
    assert len(opened.jpeg) < 60_000


def test_the_detector_never_sees_what_is_masked() -> None:
    """A mask over the whole left half leaves nothing to detect or to open."""
    reports, _, _ = play(camera(privacy_masks=(LEFT.polygon,)), ColourDetector())
    assert reports == []


def test_a_quiet_scene_is_looked_at_now_and_then() -> None:
    """Whole-frame networks run every two seconds where nothing moves, and at once when it does."""
    detector = ColourDetector()
    play(camera(), detector, seconds=3.9)
    assert len(detector.asked) == 1 + 3.9 // LOOK_ANYWAY_S
    busy = ColourDetector()
    play(camera(), busy, seconds=13)
    assert len(busy.asked) > 40


def test_a_detector_of_regions_is_not_asked_about_nothing() -> None:
    """Nothing moved, nothing to judge; later it gets the person's box even when he stands."""
    detector = ColourDetector(needs_regions=True)
    play(camera(), detector, seconds=13)
    assert 35 < len(detector.asked) <= 48
    assert all(detector.asked)


def test_a_camera_may_ask_for_more_certainty() -> None:
    """Its own score wins over the model's."""
    assert play(camera(score=0.95), ColourDetector(score=0.9))[0] == []


def test_the_same_key_is_never_used_for_two_incidents() -> None:
    """Two rules on one zone keep apart."""
    rules = (RuleSpec("intrusion", "left"), RuleSpec("intrusion", "left", dwell_s=3.0))
    opened = [r for r in play(camera(rules=rules), ColourDetector())[0] if r.phase is Phase.OPENED]
    assert len({report.key for report in opened}) == len(opened) == 2


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (RuleSpec("dragon", "left"), "dragon"),
        (RuleSpec("intrusion", "moon"), "moon"),
        (RuleSpec("intrusion", "left", labels=("persn",)), "persn"),
        (RuleSpec("intrusion", "left", labels=()), "nothing"),
    ],
)
def test_an_unknown_rule_zone_or_label_is_named_and_the_rest_works(
    rule: RuleSpec, words: str
) -> None:
    """One fault stays one fault."""
    spec = camera(rules=(rule, RuleSpec("intrusion", "left")))
    reports, faults, _ = play(spec, ColourDetector())
    assert len(reports) == 2
    (sentence,) = faults
    assert words in sentence
    assert "大门" in sentence


class PersonsOnly(ColourDetector):
    """A model that knows one label."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ("person",)


def test_a_rule_that_waits_for_what_the_model_never_finds_is_told() -> None:
    """Nobody should wait for a fire alarm from a model that knows no fire."""
    spec = camera(rules=(RuleSpec("intrusion", "left", labels=("fire",)),))
    _, (sentence,), _ = play(spec, PersonsOnly(), seconds=1)
    assert "never finds" in sentence


class BrokenRule:
    """Breaks at every look."""

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        pass

    def look(self, scene: Scene) -> list[Finding]:
        raise ZeroDivisionError


def test_a_rule_that_breaks_is_switched_off_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once, and the other rule still opens its incident."""
    monkeypatch.setattr("vision.rules.RULES", {**RULES, "broken": BrokenRule})
    spec = camera(rules=(RuleSpec("broken", "left"), RuleSpec("intrusion", "left")))
    reports, faults, _ = play(spec, ColourDetector())
    assert [report.phase for report in reports] == [Phase.OPENED, Phase.CLOSED]
    (sentence,) = faults
    assert "broken" in sentence
