"""One detector, many cameras: fair, newest first, and honest when it breaks."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import pytest

from tests.fakes.detecting import ColourDetector
from tests.waiting import wait_for
from vision.boxes import Box
from vision.detections import Detections
from vision.errors import ModelError
from vision.frames import Frame, Picture
from vision.pipeline import Pipeline
from vision.reports import IncidentReport
from vision.scheduler import Scheduler, Seat
from vision.settings import CameraSpec
from vision.slot import Slot
from vision.sources.synthetic import drawn


class Clock:
    """Monotonic time that the test moves."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def seat(name: str, looks_per_s: float, detector: ColourDetector | None = None) -> Seat:
    camera = CameraSpec(name, name, "synthetic:")
    pipeline = Pipeline(camera, detector or ColourDetector(), on_fault=pytest.fail)
    return Seat(name, Slot(), pipeline, 1 / looks_per_s)


def picture(at_s: float) -> Picture:
    return Picture(at_s, at_s, 64, 36, lambda: drawn(None, 64, 36))


def serve_all(scheduler: Scheduler) -> None:
    while scheduler.serve():
        pass


def test_each_camera_gets_its_looks_and_no_more() -> None:
    """Ten frames a second come; two and five looks a second are given."""
    clock = Clock()
    slow, fast = seat("slow", 2), seat("fast", 5)
    scheduler = Scheduler([slow, fast], lambda _: None, wake=Event(), clock=clock)
    for _ in range(100):
        clock.now_s += 0.1
        slow.slot.put(picture(clock.now_s))
        fast.slot.put(picture(clock.now_s))
        serve_all(scheduler)
    assert slow.looked == pytest.approx(20, abs=1)
    assert fast.looked == pytest.approx(50, abs=1)
    assert slow.slot.dropped == pytest.approx(80, abs=2)


def test_with_too_little_time_everybody_gets_the_same() -> None:
    """Where only one look fits, cameras take turns."""
    clock = Clock()
    seats = [seat(f"c{number}", 5) for number in range(4)]
    scheduler = Scheduler(seats, lambda _: None, wake=Event(), clock=clock)
    for _ in range(40):
        clock.now_s += 0.2
        for each in seats:
            each.slot.put(picture(clock.now_s))
        scheduler.serve()
    assert [each.looked for each in seats] == [10] * 4


def test_nothing_new_is_nothing_to_do() -> None:
    """A picture is looked at once."""
    only = seat("c", 5)
    scheduler = Scheduler([only], lambda _: None, wake=Event(), clock=Clock())
    only.slot.put(picture(1000.0))
    assert scheduler.serve()
    assert not scheduler.serve()


class BrokenDetector(ColourDetector):
    """Fails while running."""

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        raise ModelError("The model broke.")


def test_a_model_that_fails_ends_the_thread_and_is_kept() -> None:
    """The main loop can say why."""
    sent: list[IncidentReport] = []
    wake = Event()
    only = seat("c", 5, BrokenDetector())
    only.slot = Slot(wake.set)
    scheduler = Scheduler([only], sent.append, wake=wake)
    scheduler.start()
    only.slot.put(picture(1000.0))
    wait_for(lambda: not scheduler.alive, what="the end of the thread")
    assert isinstance(scheduler.failure, ModelError)
    assert sent == []


def test_it_says_that_it_lives_and_stops_when_asked() -> None:
    """Idle it still beats, and it leaves at once."""
    scheduler = Scheduler([seat("c", 5)], lambda _: None, wake=Event())
    scheduler.start()
    assert scheduler.alive
    wait_for(lambda: scheduler.silent_s < 0.2, what="a beat")
    scheduler.stop(2.0)
    assert not scheduler.alive
