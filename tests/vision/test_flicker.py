"""What lives like fire and what only looks like it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from vision.boxes import Box, to_box
from vision.detections import LABELS, Detections
from vision.flicker import MOST_FRAMES, FlickerMemory, Verdict, flame_coloured
from vision.frames import Frame, Image
from vision.pipeline import Pipeline
from vision.reports import IncidentReport, Phase
from vision.rules import KINDS, Finding, Scene, build_rule
from vision.settings import CameraSpec, RuleSpec
from vision.sources import open_source
from vision.sources.pace import AsFastAsPossible
from vision.tracking import Track

BOX: Box = (60, 40, 100, 90)
ORANGE = (40, 130, 240)
Painter = Callable[[int, np.random.Generator], Image]


def background() -> Image:
    return np.full((120, 160, 3), (90, 100, 95), np.uint8)


def flames(tick: int, dice: np.random.Generator) -> Image:
    """Orange that flickers cell by cell."""
    image = background()
    cells = dice.integers(100, 255, (10, 8), dtype=np.uint8)
    bright = cv2.resize(cells, (40, 50), interpolation=cv2.INTER_NEAREST)
    share = bright[..., None].astype(np.float32) / 255
    image[40:90, 60:100] = (np.array(ORANGE) * (0.72 + 0.28 * share)).astype(np.uint8)
    return image


def lamp(tick: int, dice: np.random.Generator) -> Image:
    """Orange that does not change but for the noise of the camera."""
    image = background()
    noise = dice.normal(0, 2, (50, 40, 3))
    image[40:90, 60:100] = np.clip(np.array(ORANGE) + noise, 0, 255).astype(np.uint8)
    return image


def vest(tick: int, dice: np.random.Generator) -> Image:
    """Orange that walks through the picture."""
    image = background()
    left = 10 + tick * 6
    image[40:90, left : left + 30] = ORANGE
    return image


def sunset(tick: int, dice: np.random.Generator) -> Image:
    """The whole sky in orange, slowly darker."""
    image = background()
    image[:60] = np.clip(np.array(ORANGE) - tick // 4, 0, 255)
    return image


def infrared(tick: int, dice: np.random.Generator) -> Image:
    """A blaze at night without colour."""
    image = np.full((120, 160, 3), 20, np.uint8)
    image[40:90, 60:100] = dice.choice([210, 250], (10, 8)).repeat(5, 0).repeat(5, 1)[..., None]
    return image


def frames(paint: Painter, looks: int) -> Iterator[Frame]:
    dice = np.random.default_rng(7)
    for tick in range(looks):
        yield Frame(paint(tick, dice), tick / 5, tick / 5)


@pytest.mark.parametrize(
    ("paint", "box", "verdict"),
    [
        (flames, BOX, Verdict.LIVELY),
        (infrared, BOX, Verdict.LIVELY),
        (lamp, BOX, Verdict.LIFELESS),
        (sunset, (0, 0, 160, 60), Verdict.LIFELESS),
        (vest, (70, 40, 110, 90), Verdict.LIFELESS),
        (lambda tick, dice: background(), BOX, Verdict.LIFELESS),
        (lambda tick, dice: background(), (60, 40, 66, 46), Verdict.UNKNOWN),
    ],
    ids=["flames", "infrared", "lamp", "sunset", "vest", "large and not orange", "small"],
)
def test_what_lives_like_fire(paint: Painter, box: Box, verdict: Verdict) -> None:
    """Flames flicker in place; lamps and sunsets do not flicker, vests do not stay."""
    memory = FlickerMemory()
    for frame in frames(paint, 13):
        memory.look(frame)
    lived = memory.judge(box, frame)
    assert lived is not None
    assert lived.of_fire is verdict


def test_too_little_was_seen() -> None:
    """Nothing is said about the first second, nor after the picture's size changed."""
    memory = FlickerMemory()
    for frame in frames(flames, 4):
        memory.look(frame)
    assert memory.judge(BOX, frame) is None
    for frame in frames(flames, 13):
        memory.look(frame)
    assert memory.judge(BOX, frame) is not None
    wide = Frame(np.zeros((120, 300, 3), np.uint8), 3.0, 3.0)
    memory.look(wide)
    assert memory.judge(BOX, wide) is None


def test_it_remembers_little() -> None:
    """Pictures that come faster than they can be kept are left out; a box outside is nothing."""
    memory = FlickerMemory()
    for tick in range(500):
        frame = Frame(background(), tick / 100, tick / 100)
        memory.look(frame)
    assert len(memory) <= MOST_FRAMES
    for box in ((900.0, 900.0, 950.0, 950.0), (-50.0, -50.0, -10.0, -10.0), (5.0, 5.0, 5.0, 5.0)):
        memory.judge(box, frame)


def told(
    kind: str, paint: Painter | None, looks: int, *, every: int = 1, dwell_s: float | None = None
) -> list[Finding]:
    """A detector that says fire (or smoke) in every n-th look, over painted pictures or none."""
    facts = KINDS[kind]
    spec = RuleSpec(kind, "", facts.labels, facts.dwell_s if dwell_s is None else dwell_s)
    rule = build_rule(spec, CameraSpec("c", "大门", "synthetic:"))[0]
    findings: list[Finding] = []
    for tick, frame in enumerate(frames(paint or flames, looks)):
        found = () if tick % every else (Track(1, BOX, 0.8, kind, 0.0, frame.mono_s),)
        picture = frame if paint else None
        findings += rule.look(Scene(frame.mono_s, 160, 120, found, picture))
    return findings


@pytest.mark.parametrize("every", [1, 3])
def test_a_fire_is_told_within_seconds(every: int) -> None:
    """Also where the detector finds it in one look of three."""
    findings = told("fire", flames, 30, every=every)
    assert [f.phase for f in findings if f.phase is not Phase.UPDATED] == [Phase.OPENED] * 1
    assert findings[0].dwell_s <= 4.0


@pytest.mark.parametrize("paint", [lamp, sunset], ids=["lamp", "sunset"])
def test_what_does_not_flicker_is_never_told(paint: Painter) -> None:
    """However sure and however long the detector says fire."""
    assert told("fire", paint, 600) == []


def test_fire_without_pictures_is_believed_later() -> None:
    """Where flicker cannot be judged the detector alone decides, after a longer time."""
    (opened,) = told("fire", None, 60)
    assert opened.dwell_s >= 8.0


def test_a_detector_that_says_fire_now_and_then_is_not_believed() -> None:
    """A flash in one look of ten, which cannot be judged, is nothing."""
    assert told("fire", None, 600, every=10) == []


def test_smoke_changes_slowly_and_a_wall_does_not() -> None:
    """A grey wall is refused; a cloud that drifts is told after the dwell."""

    def cloud(tick: int, dice: np.random.Generator) -> Image:
        image = background()
        for blob in range(4):
            middle = (70 + 8 * blob, 85 - (3 * tick + 13 * blob) % 45)
            cv2.circle(image, middle, 9, (170, 170, 170), -1)
        return image

    def wall(tick: int, dice: np.random.Generator) -> Image:
        return np.asarray(background() + dice.integers(0, 2, (120, 160, 3)), np.uint8)

    (opened,) = told("smoke", cloud, 100)
    assert 10 <= opened.dwell_s < 12
    assert told("smoke", wall, 300) == []


class FlameColours:
    """A detector that takes whatever has the colour of flames for fire: the worst of its kind."""

    name, labels, threshold, needs_regions = "flame colours", LABELS, 0.5, False

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        scale = frame.height / 120
        size = (round(frame.width / scale), 120)
        small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
        hot = flame_coloured(small.astype(np.float32)).astype(np.uint8)
        joined = cv2.morphologyEx(hot, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        count, _, blobs, _ = cv2.connectedComponentsWithStats(joined)
        boxes = [blob[:4] for blob in blobs[1:count] if blob[4] >= 12]
        scaled = [np.array([x, y, x + w, y + h], np.float32) * scale for x, y, w, h in boxes]
        return Detections.of([(to_box(box), 0.9, "fire") for box in scaled])


def over_video(path: Path, looks_per_s: float) -> tuple[list[tuple[float, IncidentReport]], int]:
    camera = CameraSpec(
        *("c", "院子", str(path)), rules=(RuleSpec("fire", labels=("fire",), dwell_s=1.0),)
    )
    pipeline = Pipeline(camera, FlameColours(), on_fault=pytest.fail)
    told: list[tuple[float, IncidentReport]] = []
    due_s, candidates = 0.0, 0
    with open_source(camera, AsFastAsPossible) as source:
        for picture in source:
            if picture.media_s >= due_s - 1e-6:
                due_s = picture.media_s + 1 / looks_per_s
                reports = pipeline.look(picture)
                candidates += any(t.seen for t in pipeline.tracks)
                told += [(picture.media_s, r) for r in reports if r.kind == "fire"]
    return told, candidates


@pytest.mark.shared
@pytest.mark.parametrize("looks_per_s", [3, 5, 10])
def test_a_real_fire_that_a_colour_detector_finds_is_told(shared: Path, looks_per_s: float) -> None:
    """The burning dolls' house is one incident within four seconds."""
    told, candidates = over_video(shared / "public/furg_house6_fire.mp4", looks_per_s)
    assert candidates > 20 * looks_per_s
    opened = [at_s for at_s, report in told if report.phase is Phase.OPENED]
    assert len(opened) == 1
    assert opened[0] < 4


@pytest.mark.shared
@pytest.mark.parametrize("looks_per_s", [3, 5, 10])
@pytest.mark.parametrize(
    "clip",
    [
        "intel_preview_worker-zone-detection.gif",
        "intel_car-detection.mp4",
        "intel_one-by-one-person-detection.mp4",
    ],
)
def test_what_only_has_the_colour_is_not_told(shared: Path, clip: str, looks_per_s: float) -> None:
    """An orange vest, a wet road and warm wood are no fire, whatever the detector says."""
    told, _ = over_video(shared / "public" / clip, looks_per_s)
    assert told == []
