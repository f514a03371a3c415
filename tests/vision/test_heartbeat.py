"""The heartbeat tells the truth: none comes from a worker whose eyes are stuck."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from threading import Event, Thread

import pytest

from tests.fakes.detecting import ColourDetector
from tests.fakes.workers import Line
from tests.waiting import wait_for
from vision import worker as worker_module
from vision.boxes import Box
from vision.channel import Outbox
from vision.detections import Detections
from vision.frames import Frame
from vision.reports import CameraReport, Heartbeat, Report, WorkerFault
from vision.scheduler import Scheduler
from vision.settings import CameraSpec, WorkerSpec
from vision.worker import BROKEN, Worker

SPEC = WorkerSpec("w1", (CameraSpec("gate", "大门", "synthetic:"),), heartbeat_s=0.1)


def beats(seen: list[Report]) -> int:
    return sum(isinstance(report, Heartbeat) for report in seen)


class StuckDetector(ColourDetector):
    """Never comes back from its second look until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck = Event()
        self.let_go = Event()

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        self.stuck.set()
        self.let_go.wait(30)
        return Detections.none()


class BrokenDetector(ColourDetector):
    """Has a bug."""

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        raise ZeroDivisionError


def test_a_stuck_detector_silences_the_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The main loop runs, but says nothing while the scheduler does not."""
    monkeypatch.setattr(worker_module, "STUCK_S", 0.5)
    detector = StuckDetector()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outbox = Outbox(theirs.fileno())
        worker = Worker(SPEC, theirs.fileno(), detector, outbox)
        thread = Thread(target=worker.run)
        thread.start()
        line = Line(ours)
        assert detector.stuck.wait(10)
        line.until(lambda seen: beats(seen) >= 1)

        def silent() -> bool:
            before = beats(line.seen)
            for _ in range(4):
                line.read(0.2)
            return beats(line.seen) == before

        wait_for(silent, what="silence")
        before = beats(line.seen)
        detector.let_go.set()
        line.until(lambda seen: beats(seen) > before)
        worker.ask_to_stop()
        thread.join(5)
        outbox.close(1.0)


def test_a_look_that_fails_degrades_its_camera_and_nothing_more() -> None:
    """A bug met in one picture is the camera's fault; the worker goes on beating."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outbox = Outbox(theirs.fileno())
        worker = Worker(SPEC, theirs.fileno(), BrokenDetector(), outbox)
        thread = Thread(target=worker.run)
        thread.start()

        def degraded(seen: list[Report]) -> bool:
            states = [r for r in seen if isinstance(r, CameraReport)]
            return any("ZeroDivision" in r.detail for r in states)

        line = Line(ours)
        line.until(degraded)
        before = beats(line.seen)
        line.until(lambda seen: beats(seen) > before)
        worker.ask_to_stop()
        thread.join(5)
        outbox.close(1.0)


def test_a_broken_scheduler_ends_the_worker_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in the eyes themselves is reported as internal, with its own exit status."""

    def broken(_: Scheduler) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(Scheduler, "serve", broken)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outbox = Outbox(theirs.fileno())
        assert Worker(SPEC, theirs.fileno(), ColourDetector(), outbox).run() == BROKEN
        outbox.close(1.0)
        line = Line(ours)
        (fault,) = line.until(lambda seen: [r for r in seen if isinstance(r, WorkerFault)])
        assert fault.what == "internal"
