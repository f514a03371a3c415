"""The gate at real streams: nothing stale, nothing lost, the same incidents as with all frames."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from vision.detectors import open_detector
from vision.frames import Frame, Image
from vision.gate import GateController, GatedDecoder, Level, Places
from vision.pipeline import Pipeline
from vision.reports import Phase
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.sources import open_source
from vision.sources.file import FileSource
from vision.sources.pace import AsFastAsPossible
from vision.sources.synthetic import drawn

WHOLE = ZoneSpec("z", "全景", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
CLIPS = (
    "furg_house6_fire",
    "intel_bottle-detection",
    "intel_car-detection",
    "intel_one-by-one-person-detection",
    "synth_tamper_cover",
    "synth_tamper_freeze",
    "synth_tamper_moved",
)

NEVER_EMPTY = "intel_bottle-detection"
"""A conveyor that always moves: one false incident may last where another breaks it in two."""


def numbered(number: int) -> Image:
    """A picture from which its number can be read: sixteen squares, dark or bright."""
    image = drawn(None, 320, 180)
    for bit in range(16):
        image[40:140, bit * 20 : bit * 20 + 20] = 230 if number >> bit & 1 else 20
    return image


def number_in(frame: Frame) -> int:
    row = frame.grey(16, 9)[4]
    return sum(1 << bit for bit in range(16) if row[bit] > 125)


def write(path: Path, images: Iterator[Image], fps: int, **options: str) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, fps)
        stream.options = {"preset": "veryfast", **options}
        for number, image in enumerate(images):
            if not number:
                stream.height, stream.width = image.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module", params=["0", "3"], ids=["no B-frames", "B-frames"])
def counting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every picture shows its number; a key frame every two seconds."""
    path = tmp_path_factory.mktemp("gate") / "counting.mp4"
    images = (numbered(number) for number in range(400))
    return write(path, images, 10, g="20", sc_threshold="0", bf=str(request.param))


def gate_of(controller: GateController) -> GatedDecoder:
    return GatedDecoder(controller, Places(2))


@pytest.mark.parametrize("level", list(Level))
def test_every_level_gives_the_picture_that_belongs_to_its_time(
    counting: Path, level: Level
) -> None:
    """Exact and in order, whatever was left out before it."""
    gate = gate_of(GateController(fixed=level))
    with FileSource(counting, pace=AsFastAsPossible(), gate=gate) as source:
        seen = []
        for picture in source:
            frame = Frame(picture.decode(), picture.mono_s, picture.media_s)
            seen.append((round(picture.media_s * 10), number_in(frame)))
    assert [at for at, _ in seen] == [number for _, number in seen]
    assert [at for at, _ in seen] == sorted({at for at, _ in seen})
    least = {Level.PACKETS: 9, Level.KEYS: 19, Level.NONREF: 90, Level.FULL: 400}
    assert len(seen) >= least[level]


def test_after_calm_the_first_picture_is_new_and_none_is_stale(counting: Path) -> None:
    """From key frames to all frames within a group: the next picture is of that moment."""
    controller = GateController(5.0)
    gate = gate_of(controller)
    seen: list[tuple[int, Level]] = []
    with FileSource(counting, pace=AsFastAsPossible(), gate=gate) as source:
        for picture in source:
            now_s = picture.mono_s
            frame = Frame(picture.decode(), now_s, now_s)
            at = round(picture.media_s * 10)
            assert number_in(frame) == at
            seen.append((at, controller.status(now_s).level))
            controller.looked(now_s, moved=at == 220, tracks=0)
    steps = [after - before for (before, _), (after, _) in pairwise(seen)]
    opened = next(i for i, (at, _) in enumerate(seen) if at >= 220)
    assert max(steps[10:opened]) >= 8, "it was calm before"
    assert seen[opened + 1][0] <= 224
    assert max(steps[opened : opened + 10]) <= 4


def test_a_looped_recording_goes_on_evenly_behind_a_gate(counting: Path) -> None:
    """What is not decoded leaves no jump in the times, also where the recording begins again."""
    gate = gate_of(GateController(fixed=Level.KEYS))
    times = []
    with FileSource(counting, loop=True, pace=AsFastAsPossible(), gate=gate) as source:
        for picture in source:
            times.append(picture.media_s)
            if len(times) == 60:
                break
    np.testing.assert_allclose(np.diff(times), 2.0, atol=1e-6)


@dataclass
class Found:
    """One incident, from its opening to its closing; for ever if it was open at the end."""

    key: str
    kind: str
    at_s: float
    until_s: float = math.inf


def incidents(path: Path, *, gated: bool) -> tuple[list[Found], GateController]:
    """What the built-in model reports, five looks a second."""
    rules = (RuleSpec("intrusion", "z"),)
    camera = CameraSpec("c", "c", str(path), zones=(WHOLE,), rules=rules)
    pipeline = Pipeline(camera, open_detector("", 1), on_fault=pytest.fail)
    controller = GateController(camera.looks_per_s)
    found: list[Found] = []
    due_s = 0.0
    gate = (lambda: gate_of(controller)) if gated else None
    with open_source(camera, AsFastAsPossible, gate) as source:
        for picture in source:
            if picture.media_s < due_s - 1e-6:
                continue
            due_s = max(due_s + 0.2, picture.media_s + 0.1)
            for report in pipeline.look(picture):
                if report.phase is Phase.OPENED:
                    found.append(Found(report.key, report.kind, picture.media_s))
                elif report.phase is Phase.CLOSED:
                    next(f for f in found if f.key == report.key).until_s = picture.media_s
            controller.looked(picture.mono_s, moved=pipeline.stirred, tracks=len(pipeline.tracks))
    return found, controller


def assert_none_lost(full: list[Found], gated: list[Found]) -> None:
    """Whenever full decoding opens an incident, the gated camera has one open within a second.

    It may be one that opened before: a place that was busy all the time is one incident.
    """
    for wanted in full:
        assert any(
            given.kind == wanted.kind and given.at_s - 1.0 <= wanted.at_s <= given.until_s
            for given in gated
        ), (wanted, gated)


@pytest.mark.shared
@pytest.mark.parametrize("clip", CLIPS)
def test_the_gate_loses_no_incident_of_the_public_clips(shared: Path, clip: str) -> None:
    """Every incident that full decoding finds is found at the automatic level, within a second."""
    path = shared / "public" / f"{clip}.mp4"
    full, gated = (incidents(path, gated=gated)[0] for gated in (False, True))
    assert_none_lost(full, gated)
    assert len(gated) >= len(full) or clip == NEVER_EMPTY


def calm_and_busy(clip: Path) -> Iterator[Image]:
    """Forty seconds of an empty hall, somebody for twenty, and the empty hall again."""
    with av.open(str(clip)) as container:
        shown = (frame.to_ndarray(format="bgr24") for frame in container.decode(video=0))
        empty = list(islice(shown, 50))
        yield from islice(cycle([*empty, *reversed(empty)]), 400)
        yield from islice(shown, 160, 460)
        yield from islice(cycle([*empty, *reversed(empty)]), 300)


@pytest.mark.shared
@pytest.mark.parametrize(
    "options",
    [
        {"crf": "26", "g": "20"},
        {"crf": "26", "g": "100"},
        {"b": "400k", "maxrate": "400k", "bufsize": "200k", "g": "20"},
    ],
    ids=["variable rate", "rare key frames", "constant rate"],
)
def test_nor_of_a_stream_as_a_camera_encodes_it(
    shared: Path, tmp_path: Path, options: dict[str, str]
) -> None:
    """After long calm somebody comes: found within a second, and the calm was cheap."""
    images = calm_and_busy(shared / "public" / "intel_one-by-one-person-detection.mp4")
    path = write(tmp_path / "camera.mp4", images, 10, bf="0", sc_threshold="0", **options)
    full, _ = incidents(path, gated=False)
    gated, controller = incidents(path, gated=True)
    assert full
    assert_none_lost(full, gated)
    # With rare key frames and nothing proven yet there is nothing to save.
    assert controller.status(0.0).skipped > (-1 if options["g"] == "100" else 200)
