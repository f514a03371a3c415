"""One detector for all cameras: the newest picture of each, in turn."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

from vision.errors import ModelError
from vision.frames import Picture
from vision.pipeline import Pipeline
from vision.rate import Rate
from vision.reports import IncidentReport
from vision.slot import Slot

IDLE_S = 0.25
"""Without anything to look at the thread wakes this often and says that it lives."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Seat:
    """A camera's place in the round.

    Attributes:
        looked: Pictures analysed.
        failure: Why its latest picture could not be analysed; empty when it could.
    """

    camera: str
    slot: Slot[Picture]
    pipeline: Pipeline
    interval_s: float
    due_s: float = 0.0
    looked: int = 0
    failure: str = ""
    detections: Rate = field(default_factory=Rate)


class Scheduler:
    """Runs the pipelines in one thread, fairly: whoever was served goes to the end of the row.

    Args:
        seats: The cameras.
        send: Takes each incident report at once.
        wake: Set by the slots when a picture arrives.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        seats: Sequence[Seat],
        send: Callable[[IncidentReport], None],
        *,
        wake: Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._row = deque(seats)
        self._send = send
        self._wake = wake
        self._clock = clock
        self._stop = Event()
        self._beat_s = clock()
        self._costs_ms: deque[float] = deque(maxlen=100)
        self._thread = Thread(target=self._run, name="scheduler", daemon=True)
        self.failure: Exception | None = None

    @property
    def detect_ms(self) -> float:
        """Mean milliseconds of the latest looks; 0 before the first."""
        costs = tuple(self._costs_ms)
        return sum(costs) / len(costs) if costs else 0.0

    @property
    def silent_s(self) -> float:
        """Seconds since the thread last said that it lives."""
        return self._clock() - self._beat_s

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._beat_s = self._clock()
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._beat_s = self._clock()
                self._wake.clear()
                if not self.serve():
                    self._wake.wait(self._until_due())
        except Exception as error:
            # The main loop reads it, reports it and ends the worker.
            log.exception("scheduler_failed")
            self.failure = error

    def serve(self) -> bool:
        """Look at one picture, of the camera that has waited longest; False: none is due."""
        now = self._clock()
        for seat in tuple(self._row):
            if seat.due_s > now or not seat.slot.full:
                continue
            picture = seat.slot.take()
            if picture is None:
                continue
            self._row.remove(seat)
            self._row.append(seat)
            self._look(seat, picture, now)
            return True
        return False

    def _look(self, seat: Seat, picture: Picture, now: float) -> None:
        # Keeps the beat where pictures come a little late, without catching up after a pause.
        seat.due_s = max(seat.due_s + seat.interval_s, now + seat.interval_s / 2)
        before = seat.pipeline.detected
        try:
            reports = seat.pipeline.look(picture)
        except ModelError:
            raise
        except Exception as error:
            # One camera's odd picture must not blind the others.
            if not seat.failure:
                log.exception("look_failed camera=%s", seat.camera)
            seat.failure = f"{type(error).__name__}: {error}"
            return
        seat.failure = ""
        for report in reports:
            self._send(report)
        done = self._clock()
        seat.looked += 1
        if seat.pipeline.detected > before:
            seat.detections.count(done)
            self._costs_ms.append((done - now) * 1000)

    def _until_due(self) -> float:
        now = self._clock()
        due = [seat.due_s - now for seat in self._row if seat.slot.full]
        return min([IDLE_S, *(max(wait_s, 0.001) for wait_s in due)])
