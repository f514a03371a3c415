"""The sample clips: whole, labelled as rendered, and good for one incident in each loop."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from vision.detectors.patches import PatchDetector
from vision.frames import Frame, Picture
from vision.motion import MotionModel
from vision.pipeline import Pipeline
from vision.reports import IncidentReport, Phase
from vision.rules import RULES
from vision.samples import sample_cameras
from vision.samples.courtyard import Courtyard
from vision.samples.props import Scene, along
from vision.samples.render import FPS, finished, words
from vision.samples.reservoir import Reservoir
from vision.samples.road import VillageRoad
from vision.samples.stage import HEIGHT, WIDTH
from vision.settings import CameraSpec
from vision.tracking import Tracker
from vision.zones import Zone

CAMERAS = {camera.id: camera for camera in sample_cameras()}
SCENES = {"reservoir-east": Reservoir, "village-road": VillageRoad, "courtyard": Courtyard}
LOOK_EVERY = 3
MOST_BYTES = 400_000

Image = NDArray[np.uint8]


@cache
def frames(camera: str) -> tuple[Image, ...]:
    with av.open(CAMERAS[camera].url) as container:
        decoded = container.decode(video=0)
        return tuple(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in decoded)


def pictures(camera: str) -> Iterator[Picture]:
    """What a camera at five looks a second would see in one loop."""
    for number, image in list(enumerate(frames(camera)))[::LOOK_EVERY]:
        at = number / FPS
        yield Picture(at, at, WIDTH, HEIGHT, lambda image=image: image.copy())


def run(camera: CameraSpec, shown: Iterator[Picture]) -> list[IncidentReport]:
    faults: list[str] = []
    pipeline = Pipeline(camera, PatchDetector.open(), on_fault=faults.append)
    reports = [report for picture in shown for report in pipeline.look(picture)]
    assert faults == []
    return reports


def expected_in_zone(camera: CameraSpec, at: float) -> bool:
    """Whether the drawn figure stands in the zone, with a step to spare."""
    scene = SCENES[camera.id]
    here = along(scene.way, at)
    if here is None:
        return False
    u, v = scene.camera.foot(here[0], here[1])
    zone = Zone(camera.zones[0])
    return all(zone.contains(((u + du) / WIDTH, v / HEIGHT)) for du in (-10, 10))


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_clip_is_whole_small_and_of_the_size_of_a_sub_stream(camera: str) -> None:
    """640×360 at 15 pictures a second, 24 to 32 s, no more than 400 kB."""
    path = Path(CAMERAS[camera].url)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.width, stream.codec_context.height) == (WIDTH, HEIGHT)
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == FPS
    assert 24 <= len(frames(camera)) / FPS <= 32
    assert path.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_clip_closes_its_loop(camera: str) -> None:
    """From the last picture to the first is no bigger jump than from any to the next."""
    shown = [image.astype(np.int16) for image in frames(camera)]
    steps = [float(np.abs(a - b).mean()) for a, b in itertools.pairwise(shown)]
    assert float(np.abs(shown[-1] - shown[0]).mean()) <= 1.2 * max(steps)


@pytest.mark.parametrize("camera", CAMERAS)
def test_every_picture_says_that_it_is_rendered(camera: str) -> None:
    """The words 渲染示例 are legible in the corner from the first picture to the last."""
    pattern = words().astype(np.float32)
    rows, columns = pattern.shape
    left, top = WIDTH - columns - 118, HEIGHT - rows - 8
    for image in frames(camera)[::45]:
        corner = image[top : top + rows, left : left + columns].mean(axis=2)
        likeness = float(np.corrcoef(corner.ravel(), pattern.ravel())[0, 1])
        assert likeness > 0.8


def test_the_cameras_are_ready_for_a_worker() -> None:
    """Ids are unique, clips loop, zones can be drawn, rules exist and name their zone."""
    cameras = sample_cameras()
    assert len({camera.id for camera in cameras}) == len(cameras) == 3
    for camera in cameras:
        assert camera.loop
        assert Path(camera.url).is_file()
        for zone in camera.zones:
            Zone(zone)
        for rule in camera.rules:
            assert rule.kind in RULES
            assert rule.zone in {zone.id for zone in camera.zones}
            assert math.isfinite(rule.dwell_s)


def test_the_list_names_every_clip_in_the_folder() -> None:
    """No clip ships without a camera, no camera without a clip."""
    folder = Path(CAMERAS["courtyard"].url).parent
    listed = tomllib.loads((folder / "samples.toml").read_text(encoding="utf-8"))
    assert {entry["file"] for entry in listed["camera"]} == {p.name for p in folder.glob("*.mp4")}


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_figure_is_recognised_while_it_is_in_the_zone(camera: str) -> None:
    """Motion and the built-in classifier see the right thing in at least 60 % of those looks."""
    spec = CAMERAS[camera]
    (label,) = spec.rules[0].labels
    zone, detector = Zone(spec.zones[0]), PatchDetector.open()
    motion, tracker = MotionModel(), Tracker()
    seen, there = 0, 0
    for picture in pictures(camera):
        frame = Frame(picture.decode(), picture.mono_s, picture.media_s)
        held = [track.box for track in tracker.tracks]
        found = detector.detect(frame, (*motion.look(frame, held).regions, *held))
        tracker.look(found, detector.threshold, frame.mono_s)
        if expected_in_zone(spec, frame.mono_s):
            there += 1
            seen += any(
                name == label
                and score >= detector.threshold
                and zone.contains(((box[0] + box[2]) / 2 / WIDTH, box[3] / HEIGHT))
                for box, score, name in zip(
                    found.boxes.tolist(), found.scores, found.labels, strict=True
                )
            )
    assert there >= 40
    assert seen / there >= 0.6


@pytest.mark.parametrize("camera", CAMERAS)
def test_one_loop_gives_one_incident(camera: str) -> None:
    """It opens within eight seconds, with a picture, and closes before the loop ends."""
    reports = run(CAMERAS[camera], pictures(camera))
    (opened,) = [report for report in reports if report.phase is Phase.OPENED]
    (closed,) = [report for report in reports if report.phase is Phase.CLOSED]
    assert opened.frame_mono_s <= 8.0
    assert opened.label == CAMERAS[camera].rules[0].labels[0]
    assert opened.jpeg.startswith(b"\xff\xd8")
    assert closed.key == opened.key
    assert closed.frame_mono_s < len(frames(camera)) / FPS


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_place_alone_raises_nothing_in_the_zone(camera: str) -> None:
    """Two loops of wind, water and changing light without anybody open no incident of any label."""
    scene: Scene = SCENES[camera](np.random.default_rng(5))
    noise = np.random.default_rng(6)
    spec = CAMERAS[camera]
    labels = ("person", "vehicle", "two-wheeler")
    watchful = replace(spec.rules[0], labels=labels, dwell_s=0.6)

    def empty() -> Iterator[Picture]:
        for number in range(0, round(2 * scene.loop_s * FPS), LOOK_EVERY):
            at = number / FPS
            picture = finished(scene.draw(at % scene.loop_s, actors=False), noise)
            image = np.ascontiguousarray(picture[..., ::-1])
            yield Picture(at, at, WIDTH, HEIGHT, lambda image=image: image)

    assert run(replace(spec, rules=(watchful,)), empty()) == []


def test_a_scene_is_the_same_each_time() -> None:
    """The same seed draws the same picture, and the end of the loop is its beginning."""
    first, second = (Reservoir(np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first.draw(7.0), second.draw(7.0))
    start, end = first.draw(0.0), first.draw(first.loop_s)
    assert float(np.abs(start - end).mean()) < 0.5
