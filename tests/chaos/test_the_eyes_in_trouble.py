"""Damaged streams, changing cameras, broken models: one camera suffers, the rest goes on."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest

from tests.fakes.detecting import ColourDetector
from tests.fakes.videos import walking, write_video
from tests.waiting import wait_for
from vision.boxes import Box
from vision.channel import MOST_PICTURE_BYTES, MOST_REPORTS, Outbox
from vision.detections import Detections
from vision.errors import SourceError
from vision.frames import Frame, Picture
from vision.gate import GateController, GatedDecoder, Level, Places
from vision.gate.ring import MOST_BYTES, MOST_PACKETS, PacketRing
from vision.gate.sizes import PacketSizes
from vision.motion import MOST_REGIONS
from vision.pipeline import Pipeline
from vision.reports import IncidentReport, Phase
from vision.scheduler import KEPT_LOOKS, Scheduler, Seat
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.slot import Slot
from vision.sources.file import FileSource
from vision.sources.pace import AsFastAsPossible
from vision.tracking import MOST_TRACKS

WHOLE = ZoneSpec("z", "全景", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
CAMERA = CameraSpec("c", "c", "", zones=(WHOLE,), rules=(RuleSpec("intrusion", "z"),))


def pipeline(detector: ColourDetector | None = None) -> Pipeline:
    return Pipeline(CAMERA, detector or ColourDetector(), on_fault=lambda _: None)


def looked_at(path: Path, level: Level | None) -> tuple[int, set[tuple[int, int]], str]:
    """Pictures analysed, their sizes, and why it ended early; anything else is raised."""
    controller, eyes = GateController(fixed=level), pipeline()
    gate, sizes, seen = GatedDecoder(controller, Places(1)), set(), 0
    try:
        with FileSource(path, pace=AsFastAsPossible(), gate=gate) as source:
            for picture in source:
                eyes.look(picture)
                controller.looked(picture.mono_s, moved=True, tracks=0)
                sizes.add((picture.width, picture.height))
                seen += 1
    except SourceError as error:
        return seen, sizes, error.fault.value
    return seen, sizes, ""


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Half a minute as it comes over a wire, which needs no index at its end."""
    path = tmp_path_factory.mktemp("stream") / "walk.ts"
    return write_video(path, walking(100, 160, 96)).read_bytes()


def flipped(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(len(damaged) // 200):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def with_a_hole(content: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(content) // 2)
    return content[:begin] + content[begin + len(content) // 4 :]


def with_garbage(content: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(content))
    return content[:begin] + chance.randbytes(20_000) + content[begin:]


def truncated(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def garbage(content: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(len(content))


@pytest.mark.parametrize("level", [None, Level.KEYS, Level.FULL], ids=["auto", "keys", "full"])
@pytest.mark.parametrize("damage", [flipped, with_a_hole, with_garbage, truncated, garbage])
def test_a_damaged_stream_is_seen_as_far_as_it_goes_or_named(
    tmp_path: Path,
    stream: bytes,
    damage: Callable[[bytes, random.Random], bytes],
    level: Level | None,
) -> None:
    """Whatever comes out of the wire: pictures or a reason, never a crash, at every level."""
    for seed in range(4):
        path = tmp_path / f"{seed}.ts"
        path.write_bytes(damage(stream, random.Random(seed)))
        seen, _, reason = looked_at(path, level)
        assert seen or reason


def test_a_camera_that_changes_its_size_and_coding_is_watched_on(
    tmp_path: Path, stream: bytes
) -> None:
    """Somebody sets another size, then another coding, in the camera's own menu."""
    large = write_video(tmp_path / "large.ts", walking(60, 320, 192)).read_bytes()
    path = tmp_path / "changes.ts"
    path.write_bytes(stream + large)
    _, sizes, reason = looked_at(path, None)
    assert {(160, 96), (320, 192)} <= sizes
    assert not reason
    other = tmp_path / "other.ts"
    with av.open(str(other), "w", format="mpegts") as container:
        video = container.add_stream("mpeg2video", rate=25)
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        for image in walking(40, 160, 96):
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(video.encode(None))
    path.write_bytes(stream + other.read_bytes())
    seen, _, _ = looked_at(path, None)
    assert seen >= 90


class Broken(ColourDetector):
    """Does something else than its contract says."""

    def __init__(self, answer: Callable[[], Detections]) -> None:
        super().__init__()
        self._answer = answer

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        return self._answer()


def numbers(value: float, shape: tuple[int, ...] = (3, 4)) -> Callable[[], Detections]:
    boxes = np.full(shape, value, np.float32)
    scores = np.full(3, value, np.float32)
    return lambda: Detections(boxes, scores, ("person",) * 3)


def raising() -> Detections:
    raise RuntimeError("the model broke")


@pytest.mark.parametrize(
    "answer",
    [numbers(np.nan), numbers(np.inf), numbers(-np.inf), numbers(1.0, (3, 5)),
     numbers(1.0, (2, 4)), raising],
    ids=["nan", "inf", "-inf", "wide", "short", "raises"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_model_that_answers_nonsense_degrades_its_camera_only(
    answer: Callable[[], Detections],
) -> None:
    """The camera behind the sound model is looked at as often as before."""
    wake = Event()
    seats = [
        Seat(name, Slot(wake.set), pipeline(eyes), 0.2)
        for name, eyes in (("sick", Broken(answer)), ("well", ColourDetector()))
    ]
    now = [1000.0]
    scheduler = Scheduler(seats, lambda _: None, wake=wake, clock=lambda: now[0])
    for number in range(20):
        now[0] += 0.25
        for seat in seats:
            image = walking(20)[number]
            seat.slot.put(Picture(now[0], now[0], 320, 180, image.copy))
        while scheduler.serve():
            pass
    sick, well = seats
    assert well.looked == 20
    assert not well.failure
    assert well.pipeline.tracks
    assert sick.failure or all(np.isfinite(track.box).all() for track in sick.pipeline.tracks)


def test_181_phantoms_cost_no_camera_its_time() -> None:
    """What once took half a minute for a single picture elsewhere is bounded here."""
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 280, (181, 2)).astype(np.float32)
    boxes = np.concatenate([corners, corners + 30], axis=1)
    phantoms = Detections(boxes, np.full(181, 0.9, np.float32), ("person",) * 181)
    eyes = pipeline(Broken(lambda: phantoms))
    image = walking(1)[0]
    for number in range(20):
        at_s = 1000.0 + number / 5
        image = np.roll(image, 7, axis=1)
        eyes.look(Picture(at_s, at_s, 320, 180, image.copy))
        assert len(eyes.tracks) <= MOST_TRACKS < 181


def test_whatever_a_worker_holds_is_bounded() -> None:
    """Tracks, regions, packets, sizes, looks, pictures and reports: none grows with time."""
    eyes, asked = ColourDetector(), 0
    watching = pipeline(eyes)
    rng = np.random.default_rng(4)
    base = np.full((180, 320, 3), 90, np.uint8)
    for number in range(30):
        image = base.copy()
        for x, y in rng.integers(0, (310, 170), (200, 2)):
            image[y : y + 3, x : x + 3] = 255
        at_s = 1000.0 + number / 5
        watching.look(Picture(at_s, at_s, 320, 180, image.copy))
        asked = max([asked, *map(len, eyes.asked)])
    assert asked <= MOST_REGIONS + MOST_TRACKS

    class Packet:
        size = MOST_BYTES // 100

    ring = PacketRing[Packet]()
    for _ in range(3 * MOST_PACKETS):
        if ring.full:
            ring.clear()
        ring.put(Packet())
        assert len(ring) <= MOST_PACKETS
        assert len(ring) * Packet.size <= MOST_BYTES + Packet.size
    sizes = PacketSizes()
    for number in range(20_000):
        sizes.take(number / 25, 300)
    held = [value for value in vars(sizes).values() if hasattr(value, "maxlen")]
    assert held
    assert all(value.maxlen is not None for value in held)
    seat = Seat("c", Slot(), watching, 0.2)
    assert seat.times_s.maxlen == KEPT_LOOKS
    for number in range(100):
        seat.slot.put(Picture(float(number), 0.0, 1, 1, base.copy))
    assert seat.slot.dropped == 99


def test_a_reader_that_sleeps_does_not_fill_the_memory() -> None:
    """Pictures go first, then the worker gives up: it would not be heard anyway."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outbox = Outbox(theirs.fileno())
        jpeg = b"x" * (MOST_PICTURE_BYTES // 8)
        incident = IncidentReport(
            *("k", Phase.OPENED, "c", "intrusion", "z", "z", "person", 0.9, 1, 2.0),
            *((0.0, 0.0, 1.0, 1.0), 1.0, 1.0, jpeg),
        )
        for _ in range(MOST_REPORTS + 10):
            outbox.send(incident)
        assert outbox.broken
        ours.close()
        wait_for(lambda: outbox.broken, what="the end")
        outbox.close(1.0)
