"""Many cameras in one process, two of them busy: what they cost, and who waits for whom.

`python -m edge.bench.crowd JSON`: a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np

from edge.bench.gates import LOOKS_PER_S, WHOLE
from edge.bench.house import resident_mb
from vision.backoff import Backoff
from vision.capture import Capture
from vision.detectors import open_detector
from vision.detectors.detector import Detector
from vision.frames import Picture
from vision.gate import GateController, GatedDecoder, Places
from vision.gate.controller import SETTLE_S
from vision.pipeline import Pipeline
from vision.reports import IncidentReport
from vision.scheduler import Scheduler, Seat
from vision.scheduler_capacity import look_ms
from vision.settings import CameraSpec, RuleSpec
from vision.slot import Slot
from vision.sources import open_source

BUSY = 2


@dataclass(frozen=True, slots=True)
class Crowd:
    """What was asked: `count` cameras, `BUSY` of them play `busy`, for `seconds`."""

    count: int
    calm: str
    busy: str
    model: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What it took.

    Attributes:
        cpu: Cores in use, 1.0 being one whole core.
        memory_mb: Resident, whole process.
        busy_looks_per_s: Of each busy camera.
        look_p95_ms: Busy cameras, from the picture's arrival to the end of its look.
        calm_every_s: The longest honest interval among the calm cameras.
        dropped: Pictures that waited too long.
    """

    cpu: float
    memory_mb: float
    busy_looks_per_s: list[float]
    look_p95_ms: float
    calm_every_s: float
    dropped: int


class _Timed(Pipeline):
    """Keeps how old each picture was when its look was over."""

    ages_ms: list[float]

    def look(self, picture: Picture) -> list[IncidentReport]:
        reports = super().look(picture)
        self.ages_ms.append((time.monotonic() - picture.mono_s) * 1000)
        return reports


def measure(crowd: Crowd) -> Outcome:
    """Run it in a process of its own."""
    asked = json.dumps(asdict(crowd))
    done = subprocess.run(
        [sys.executable, "-m", "edge.bench.crowd", asked], capture_output=True, check=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return Outcome(**told)


def run(crowd: Crowd, *, wait: Callable[[float], None] = time.sleep) -> Outcome:
    """Run it here."""
    detector = open_detector(crowd.model, 1)
    wake, places = Event(), Places()
    rows = [_camera(number, crowd, detector, wake, places) for number in range(crowd.count)]
    seats = [seat for seat, _ in rows]
    scheduler = Scheduler(seats, lambda _: None, wake=wake, look_ms=look_ms(detector))
    scheduler.start()
    for _, capture in rows:
        capture.start()
    wait(SETTLE_S + 4.0)
    for seat in seats:
        _ages(seat).clear()
    looked = [seat.looked for seat in seats]
    cpu_s, began_s = time.process_time(), time.monotonic()
    wait(crowd.seconds)
    spent_s = time.monotonic() - began_s
    cpu = (time.process_time() - cpu_s) / spent_s
    now = time.monotonic()
    ages = [age for seat in seats[:BUSY] for age in _ages(seat)]
    outcome = Outcome(
        cpu=round(cpu, 3),
        memory_mb=round(resident_mb(_own_pid())),
        busy_looks_per_s=[
            round((seat.looked - before) / spent_s, 2)
            for seat, before in zip(seats[:BUSY], looked, strict=False)
        ],
        look_p95_ms=round(float(np.percentile(ages, 95)), 1) if ages else 0.0,
        calm_every_s=round(max(seat.looked_every_s(now) for seat in seats[BUSY:]), 2),
        dropped=sum(seat.stale for seat in seats),
    )
    for _, capture in rows:
        capture.stop()
    scheduler.stop(1.0)
    return outcome


def _camera(
    number: int, crowd: Crowd, detector: Detector, wake: Event, places: Places
) -> tuple[Seat, Capture]:
    path = crowd.busy if number < BUSY else crowd.calm
    camera = CameraSpec(
        f"c{number}", "c", path, loop=True, zones=(WHOLE,), rules=(RuleSpec("intrusion", "all"),)
    )
    pipeline = _Timed(camera, detector, on_fault=lambda _: None)
    pipeline.ages_ms = []
    gate, slot = GateController(LOOKS_PER_S), Slot[Picture](wake.set)
    opening = partial(open_source, camera, gate=partial(GatedDecoder, gate, places))
    capture = Capture(camera.id, path, opening, slot, backoff=Backoff(lambda: 0.5))
    return Seat(camera.id, slot, pipeline, 1 / LOOKS_PER_S, 0, gate), capture


def _ages(seat: Seat) -> list[float]:
    pipeline = seat.pipeline
    return pipeline.ages_ms if isinstance(pipeline, _Timed) else []


def _own_pid() -> int:
    return int(Path("/proc/self").resolve().name)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    sys.stdout.write(json.dumps(asdict(run(Crowd(**json.loads(sys.argv[1]))))))
