"""Keeping a camera connected: what is reported when, and how it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import TracebackType
from typing import Self

from tests.waiting import wait_for
from vision.backoff import Backoff
from vision.capture import HUNG_S, STALLED_S, Capture
from vision.errors import SourceError, SourceFault
from vision.frames import Picture
from vision.reports import CameraReport, CameraState
from vision.slot import Slot
from vision.sources.pace import AsFastAsPossible
from vision.sources.source import Source
from vision.sources.synthetic import SyntheticSource

URL = "rtsp://admin:geheim@10.0.0.9/live"


class Clock:
    """Monotonic time that the test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Hanging:
    """A source whose library hangs: it opens, gives a few pictures, and never returns."""

    codec = "h264"

    def __init__(self, release: Event) -> None:
        self._release = release

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[Picture]:
        yield from SyntheticSource(seconds=0.3, pace=AsFastAsPossible())
        self._release.wait(60)


def broken(fault: SourceFault, detail: str = "", seconds: float = 0.0) -> Source:
    error = SourceError(fault, detail)
    return SyntheticSource(seconds=seconds, pace=AsFastAsPossible(), breaks_with=error)


@contextmanager
def capturing(
    *sources: Callable[[], Source], clock: Clock | None = None
) -> Iterator[Callable[[], CameraReport]]:
    """Runs a capture over the sources, one after the other; gives its report."""
    row = iter(sources)

    def next_source() -> Source:
        return next(row, lambda: SyntheticSource(fps=50))()

    slot: Slot[Picture] = Slot()
    capture = Capture(
        "gate",
        URL,
        next_source,
        slot,
        backoff=Backoff(lambda: 0.0),
        clock=clock or Clock(),
    )
    capture.start()
    try:

        def report() -> CameraReport:
            capture.check()
            return capture.report(looked=3, looked_at_fps=1.0)

        yield report
    finally:
        capture.stop(2.0)


def state_is(report: Callable[[], CameraReport], state: CameraState) -> CameraReport:
    return wait_for(
        lambda: now if (now := report()).state is state else None, what=f"the state {state}"
    )


def test_a_camera_that_cannot_be_opened_is_lost_with_its_reason() -> None:
    """At once, with the time of the next attempt, and without the password."""
    detail = f"cannot open {URL}"
    with capturing(*[lambda: broken(SourceFault.REFUSED, detail)] * 5, clock=Clock()) as report:
        lost = state_is(report, CameraState.LOST)
    assert lost.fault == "refused"
    assert "10.0.0.9" in lost.detail
    assert "geheim" not in lost.detail


def test_a_camera_comes_back_by_itself() -> None:
    """Refused twice, then it works: watching, without a word of the old fault."""
    refused = lambda: broken(SourceFault.REFUSED)  # noqa: E731 - a factory
    with capturing(refused, refused) as report:
        watching = state_is(report, CameraState.WATCHING)
    assert watching.fault == watching.detail == ""
    assert (watching.width, watching.height, watching.codec) == (320, 180, "synthetic")


def test_a_hiccup_is_degraded_and_a_second_failure_is_lost() -> None:
    """A stream that broke once may be back in a second; after that it is a loss."""
    seen: list[CameraState] = []
    ended = lambda: broken(SourceFault.ENDED, seconds=0.5)  # noqa: E731 - a factory
    refused = [lambda: broken(SourceFault.REFUSED)] * 100
    with capturing(ended, *refused) as report:

        def lost() -> bool:
            seen.append(report().state)
            return seen[-1] is CameraState.LOST

        wait_for(lost, what="the loss")
    assert CameraState.LOST in seen


def test_an_unforeseen_error_is_this_cameras_fault_only() -> None:
    """A bug in a library is reported as the camera's failure and tried again."""

    def odd() -> Source:
        raise RuntimeError(f"no idea about {URL}")

    with capturing(odd, odd) as report:
        watching = state_is(report, CameraState.WATCHING)
    assert watching.fault == ""


def test_a_recording_that_ends_is_over_and_not_tried_again() -> None:
    """Without loop the end is the end."""
    over = lambda: SyntheticSource(seconds=0.5, pace=AsFastAsPossible())  # noqa: E731 - a factory
    with capturing(over) as report:
        lost = state_is(report, CameraState.LOST)
        assert lost.fault == "ended"
        assert lost.frames == 5
        assert report().retry_in_s == 0


def test_a_hanging_library_is_noticed_and_left_behind() -> None:
    """Silent for ten seconds: lost, stalled. Silent for thirty: a new thread takes over."""
    clock, release = Clock(), Event()
    with capturing(lambda: Hanging(release), clock=clock) as report:
        wait_for(lambda: report().frames == 3, what="three pictures")
        clock.now_s += STALLED_S - 1
        assert report().state is CameraState.WATCHING
        clock.now_s += 2
        lost = report()
        assert (lost.state, lost.fault) == (CameraState.LOST, "stalled")
        clock.now_s += HUNG_S
        state_is(report, CameraState.WATCHING)
        release.set()
