"""Keeps one camera connected: opens it, hands over its newest picture, tries again when lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread

from vision.backoff import Backoff
from vision.errors import SourceError, SourceFault
from vision.frames import Picture
from vision.marks import Mark, unmarked
from vision.rate import Rate
from vision.reports import CameraReport, CameraState
from vision.slot import Slot
from vision.sources.faults import without_secrets
from vision.sources.source import Source

STALLED_S = 10.0
"""Without a picture for this long a camera is lost, whatever the library believes."""

HUNG_S = 30.0
"""After this the thread is given up, since the library can hang, and a new one begins."""

PROVEN_S = 10.0
"""A connection that lasted this long starts the back-off again."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Status:
    """What is known about the connection; guarded by the capture's lock."""

    state: CameraState = CameraState.STARTING
    fault: str = ""
    detail: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    heard_s: float = 0.0
    retry_at_s: float = 0.0
    ended: bool = False


class Capture:
    """One camera's thread.

    Args:
        camera: Its id.
        url: For removing its password from every text.
        open_source: Gives a fresh `Source`, not yet opened.
        slot: Where pictures go.
        backoff: How long to wait between attempts.
        clock: Monotonic seconds.
        mark: Told while its stream is open.
    """

    def __init__(
        self,
        camera: str,
        url: str,
        open_source: Callable[[], Source],
        slot: Slot[Picture],
        *,
        backoff: Backoff,
        clock: Callable[[], float] = time.monotonic,
        mark: Mark | None = None,
    ) -> None:
        self._mark = mark or unmarked()
        self._camera = camera
        self._url = url
        self._open_source = open_source
        self._slot = slot
        self._backoff = backoff
        self._clock = clock
        self._lock = Lock()
        self._status = _Status(heard_s=clock())
        self._rate = Rate()
        self._stop = Event()
        self._generation = 0
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin in a thread of its own, which does not keep the process alive."""
        with self._lock:
            self._generation += 1
            self._status.heard_s = self._clock()
            name = f"capture-{self._camera}"
            thread = Thread(target=self._run, args=(self._generation,), name=name, daemon=True)
            self._thread = thread
        thread.start()

    def stop(self, timeout_s: float = 0.0) -> None:
        """Ask the thread to leave and wait a little for it; one that hangs is left behind."""
        self._stop.set()
        if self._thread is not None and timeout_s > 0:
            self._thread.join(timeout_s)

    def check(self) -> None:
        """The watchdog: call it about once a second, from another thread."""
        with self._lock:
            silent_s = self._clock() - self._status.heard_s
            stalled = silent_s > STALLED_S and not self._waiting()
            if stalled and self._status.state is not CameraState.LOST:
                self._lose(
                    SourceFault.STALLED, f"no picture for {silent_s:.0f} s", CameraState.LOST
                )
        if stalled and silent_s > HUNG_S:
            log.warning("capture_hung camera=%s silent_s=%.0f", self._camera, silent_s)
            self.start()

    def report(self, *, looked: int, looked_at_fps: float) -> CameraReport:
        """The camera's state now; how much was looked at is known elsewhere."""
        with self._lock:
            status, now = self._status, self._clock()
            lost = status.state in (CameraState.LOST, CameraState.DEGRADED)
            retry_in_s = max(0.0, status.retry_at_s - now) if lost else 0.0
            return CameraReport(
                camera=self._camera,
                state=status.state,
                fault=status.fault,
                detail=status.detail,
                fps_in=round(self._rate.per_second(now), 2),
                looked_at_fps=round(looked_at_fps, 2),
                frames=status.frames,
                looked=looked,
                width=status.width,
                height=status.height,
                codec=status.codec,
                retry_in_s=round(retry_in_s, 1),
            )

    def _waiting(self) -> bool:
        """Between two attempts, or at the end of a recording: silence is expected."""
        return self._status.ended or self._clock() < self._status.retry_at_s + 1.0

    def _run(self, generation: int) -> None:
        while not self._stop.is_set() and generation == self._generation:
            try:
                self._watch(generation)
            except SourceError as error:
                failure = error
            except Exception as error:
                # An unforeseen error of a library is this camera's fault, not the worker's end.
                log.exception("capture_failed camera=%s", self._camera)
                text = without_secrets(f"{type(error).__name__}: {error}", self._url)
                failure = SourceError(SourceFault.OTHER, text)
            else:
                return
            if generation != self._generation:
                return
            self._stop.wait(self._failed(failure))

    def _watch(self, generation: int) -> None:
        """One connection, until it ends in order, breaks, or nobody wants it any more."""
        with self._mark.reading(), self._open_source() as source:
            begun_s: float | None = None
            for picture in source:
                if self._stop.is_set() or generation != self._generation:
                    return
                now = self._clock()
                if begun_s is None:
                    begun_s = now
                self._heard(picture, source.codec, now)
                if now - begun_s > PROVEN_S:
                    self._backoff.reset()
                self._slot.put(picture)
        with self._lock:
            self._status.ended = True
            self._lose(SourceFault.ENDED, "the recording is over", CameraState.LOST)

    def _heard(self, picture: Picture, codec: str, now: float) -> None:
        with self._lock:
            status = self._status
            if status.state is not CameraState.WATCHING:
                log.info(
                    "camera_watching camera=%s codec=%s width=%d height=%d",
                    *(self._camera, codec, picture.width, picture.height),
                )
            status.state, status.fault, status.detail = CameraState.WATCHING, "", ""
            status.codec, status.heard_s = codec, now
            status.width, status.height = picture.width, picture.height
            status.frames += 1
            self._rate.count(now)

    def _failed(self, failure: SourceError) -> float:
        """Note a failure; a first hiccup of a working camera is not yet a loss."""
        with self._lock:
            now = self._clock()
            delay_s = self._backoff.next_delay(now)
            hiccup = (
                self._status.state is CameraState.WATCHING
                and failure.fault is not SourceFault.STALLED
            )
            self._status.retry_at_s = now + delay_s
            self._status.heard_s = now + delay_s
            detail = without_secrets(failure.detail, self._url)
            self._lose(failure.fault, detail, CameraState.DEGRADED if hiccup else CameraState.LOST)
            return delay_s

    def _lose(self, fault: SourceFault, detail: str, state: CameraState) -> None:
        known = self._status
        if (known.state, known.fault) != (state, fault.value):
            log.warning(
                "camera_%s camera=%s fault=%s detail=%s", state.value, self._camera, fault, detail
            )
        known.state, known.fault, known.detail = state, fault.value, detail
