"""One detector for all cameras: the newest picture of each, in turn, as often as the box can."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

from vision.errors import ModelError
from vision.frames import Picture
from vision.gate import GateController, Level
from vision.marks import Mark, unmarked
from vision.pipeline import Pipeline
from vision.rate import Rate
from vision.reports import IncidentReport
from vision.scheduler_shares import Demand, share
from vision.scheduler_turns import Turns
from vision.slot import Slot

IDLE_S = 0.25
"""Without anything to look at the thread wakes this often and says that it lives."""

STALE_S = 3.0
KEPT_LOOKS, HONEST_S = 32, 20.0
SHARE_EVERY_S = 1.0
CAPACITY_MS_PER_S = 850.0
"""Of the looking thread's second; the rest is for what comes between the looks."""

CALM_PER_S = 1.0
COST_SHARE = 0.1

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Seat:
    """A camera's place in the round.

    Attributes:
        interval_s: Seconds between two looks, as the camera's settings want it.
        priority: A higher one keeps its looks longer when there is not time for all.
        gate: Learns what each look saw; None where everything is decoded anyway.
        granted_s: Seconds between two looks, as the box can.
        looked: Pictures analysed.
        stale: Pictures thrown away because they had waited too long.
        late: Looks that began more than an interval after they were due.
        cost_ms: What a look takes, lately.
        mark: Told while its picture is analysed.
        failure: Why its latest picture could not be analysed; empty when it could.
    """

    camera: str
    slot: Slot[Picture]
    pipeline: Pipeline
    interval_s: float
    priority: int = 0
    gate: GateController | None = None
    granted_s: float = 0.0
    due_s: float = 0.0
    looked: int = 0
    stale: int = 0
    late: int = 0
    cost_ms: float = 0.0
    failure: str = ""
    mark: Mark = field(default_factory=unmarked)
    detections: Rate = field(default_factory=Rate)
    times_s: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_LOOKS))

    def __post_init__(self) -> None:
        self.granted_s = self.granted_s or self.interval_s

    def looked_every_s(self, now_s: float) -> float:
        """Seconds between two looks, as it really was lately; 0 before the second one."""
        times = tuple(self.times_s)
        if len(times) < 2:
            return 0.0
        recent = [at for at in times if at >= times[-1] - HONEST_S] or list(times)
        mean_s = (recent[-1] - recent[0]) / (len(recent) - 1) if len(recent) > 1 else 0.0
        return max(mean_s, now_s - times[-1] if now_s - times[-1] > 2 * mean_s else 0.0)

    @property
    def urgent_priority(self) -> int:
        """With that of the zones in which something moves now."""
        return self.priority + self.pipeline.urgency

    def stale_after_s(self, now_s: float) -> float:
        """A picture older than this is not worth a look, for a newer one is on its way."""
        return max(STALE_S, 2 * self.granted_s, 2 * self.looked_every_s(now_s))


class Scheduler:
    """Runs the pipelines in one thread, fairly: see `Turns` for whose turn it is.

    Args:
        seats: The cameras.
        send: Takes each incident report at once.
        wake: Set by the slots when a picture arrives.
        clock: Monotonic seconds.
        look_ms: What a look takes, as measured at the start; 0: not known.
    """

    def __init__(
        self,
        seats: Sequence[Seat],
        send: Callable[[IncidentReport], None],
        *,
        wake: Event,
        clock: Callable[[], float] = time.monotonic,
        look_ms: float = 0.0,
    ) -> None:
        self._seats = tuple(seats)
        self._turns = Turns([seat.priority for seat in self._seats])
        self._send = send
        self._wake = wake
        self._clock = clock
        self._stop = Event()
        self._beat_s = self._shared_s = clock()
        self._costs_ms: deque[float] = deque(maxlen=100)
        self._thread = Thread(target=self._run, name="scheduler", daemon=True)
        self.failure: Exception | None = None
        for seat in self._seats:
            seat.cost_ms = seat.cost_ms or look_ms
        self._share()

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
        """Look at one picture, of the camera whose turn it is; False: none is due."""
        now = self._clock()
        if now >= self._shared_s + SHARE_EVERY_S:
            self._share()
        ready = [seat.due_s <= now and seat.slot.full for seat in self._seats]
        while (place := self._turns.pick(ready)) is not None:
            seat = self._seats[place]
            picture = seat.slot.take()
            if picture is not None and not self._is_stale(seat, picture, now):
                self._look(seat, picture, now)
                self._turns.paid(place, (self._clock() - now) * 1000)
                return True
            ready[place] = False
        return False

    @staticmethod
    def _is_stale(seat: Seat, picture: Picture, now: float) -> bool:
        if not seat.looked or now - picture.mono_s <= seat.stale_after_s(now):
            return False
        seat.stale += 1
        return True

    def _look(self, seat: Seat, picture: Picture, now: float) -> None:
        if seat.looked and now > seat.due_s + seat.granted_s and picture.mono_s < now - IDLE_S:
            seat.late += 1
        # Keeps the beat where pictures come a little late, without catching up after a pause.
        seat.due_s = max(seat.due_s + seat.granted_s, now + seat.granted_s / 2)
        before = seat.pipeline.detected
        try:
            with seat.mark.looking():
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
        seat.times_s.append(now)
        cost_ms = (done - now) * 1000
        seat.cost_ms += COST_SHARE * (cost_ms - seat.cost_ms)
        if seat.gate is not None:
            seat.gate.looked(
                picture.mono_s, moved=seat.pipeline.stirred, tracks=len(seat.pipeline.tracks)
            )
        if seat.pipeline.detected > before:
            seat.detections.count(done)
            self._costs_ms.append(cost_ms)

    def _share(self) -> None:
        """Grant each camera its looks, anew from time to time: what moves changes."""
        self._shared_s = now = self._clock()
        demands = [
            Demand(self._wanted_per_s(seat, now), seat.cost_ms, seat.urgent_priority)
            for seat in self._seats
        ]
        for seat, per_s, demand in zip(
            self._seats, share(demands, CAPACITY_MS_PER_S), demands, strict=True
        ):
            cut = per_s < 0.98 * demand.wanted_per_s
            # A calm camera that begins to move gets what it wants at once, not at the next round.
            seat.granted_s = 1 / per_s if cut and per_s > 0 else seat.interval_s

    @staticmethod
    def _wanted_per_s(seat: Seat, now: float) -> float:
        wanted_per_s = 1 / seat.interval_s
        calm = seat.gate is not None and seat.gate.status(now).level < Level.NONREF
        return min(wanted_per_s, CALM_PER_S) if calm else wanted_per_s

    def _until_due(self) -> float:
        now = self._clock()
        due = [seat.due_s - now for seat in self._seats if seat.slot.full]
        return min([IDLE_S, *(max(wait_s, 0.001) for wait_s in due)])
