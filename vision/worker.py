"""The vision worker: a process of its own that watches cameras and reports over one descriptor.

`python -m vision.worker --fd N`. It leaves with 0 when asked to (end of file, SIGTERM), 3 when
the model cannot be used, 4 when it broke, 2 when its orders cannot be read.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

import cv2

from vision.backoff import Backoff
from vision.capture import Capture
from vision.channel import Outbox, read_spec
from vision.detectors.detector import Detector
from vision.errors import ModelError, ProtocolError, RuleError, SourceFault
from vision.frames import Picture
from vision.gate import GateController, GatedDecoder, GateStatus, Places
from vision.marks import open_marks
from vision.models.capacity import fitted_detector
from vision.orders import Order, OrderLine, Show, Tune
from vision.packets import PacketWatch
from vision.pipeline import Pipeline
from vision.recording.desk import ClipDesk
from vision.reports import (
    CameraReport,
    CameraState,
    Heartbeat,
    IncidentReport,
    WorkerFault,
    WorkerReady,
)
from vision.scheduler import Scheduler, Seat
from vision.settings import CameraSpec, WorkerSpec
from vision.slot import Slot
from vision.sources import open_source

STOPPED, UNREADABLE, NO_MODEL, BROKEN = 0, 2, 3, 4
TICK_S = 0.2
STUCK_S = 10.0
"""A scheduler silent for longer gets no heartbeat, so the supervisor starts the worker anew."""

log = logging.getLogger("vision.worker")


class Worker:
    """Wires cameras, detector and line together, and beats."""

    def __init__(
        self,
        spec: WorkerSpec,
        fd: int,
        detector: Detector,
        outbox: Outbox,
        *,
        detect_ms: float = 0.0,
    ) -> None:
        self._places = Places()
        self._spec = spec
        self._marks = open_marks(spec.marks, [camera.id for camera in spec.cameras])
        self._orders = OrderLine(fd)
        self._outbox = outbox
        self._wake = Event()
        self._captures: dict[str, Capture] = {}
        self._watches: dict[str, PacketWatch] = {}
        self._refused: tuple[CameraReport, ...] = ()
        self._clips = ClipDesk(spec, outbox.send)
        self._seats = [seat for camera in spec.cameras if (seat := self._seat(camera, detector))]
        self._scheduler = Scheduler(self._seats, self._tell, wake=self._wake, look_ms=detect_ms)
        self._told: dict[str, CameraReport] = {}
        self._asked_to_stop = Event()

    def run(self) -> int:
        """Until asked to stop or broken; returns the exit status."""
        for capture in self._captures.values():
            capture.start()
        self._clips.start()
        self._scheduler.start()
        beat_at_s = 0.0
        while not self._asked_to_stop.is_set() and not self._outbox.broken:
            if self._orders.hung_up(TICK_S):
                break
            for order in self._orders.orders():
                self._obey(order)
            for seat in self._seats:
                if (sight := seat.pipeline.sight.take()) is not None:
                    self._outbox.send(sight)
            if not self._scheduler.alive:
                return self._broke()
            for capture in self._captures.values():
                capture.check()
            reports = self._tell_changes()
            now = time.monotonic()
            if now >= beat_at_s and self._scheduler.silent_s < STUCK_S:
                beat_at_s = now + self._spec.heartbeat_s
                self._clips.check(now)
                self._beat(now, reports)
        self._stop()
        return STOPPED

    def _tell(self, report: IncidentReport) -> None:
        self._outbox.send(report)
        self._clips.take(report)

    def _obey(self, order: Order) -> None:
        for seat in self._seats:
            if seat.camera != order.camera:
                continue
            match order:
                case Show():
                    seat.pipeline.sight.ask(picture=order.picture)
                case Tune():
                    try:
                        seat.pipeline.tune(order.tuning)
                    except RuleError as error:
                        self._fault("rule", str(error))

    def ask_to_stop(self) -> None:
        """From a signal handler."""
        self._asked_to_stop.set()

    def _seat(self, camera: CameraSpec, detector: Detector) -> Seat | None:
        slot: Slot[Picture] = Slot(self._wake.set)
        watch = self._watches[camera.id] = PacketWatch()
        try:
            pipeline = Pipeline(
                camera,
                detector,
                jpeg_quality=self._spec.jpeg_quality,
                on_fault=partial(self._fault, "rule"),
                packets=watch.evidence,
            )
        except RuleError as error:
            # A mask that cannot be drawn: better no picture than an unmasked one.
            sentence = f"Camera {camera.name!r} is not watched. {error}"
            self._fault("rule", sentence)
            refused = CameraReport(camera.id, CameraState.LOST, SourceFault.OTHER, sentence)
            self._refused = (*self._refused, refused)
            return None
        gate, mark = GateController(camera.looks_per_s), self._marks[camera.id]
        recorder = self._clips.recorder(camera.id)
        decoder = partial(
            GatedDecoder, gate, self._places, watch=watch, recorder=recorder, mark=mark
        )
        self._captures[camera.id] = Capture(
            camera.id,
            camera.url,
            partial(open_source, camera, gate=decoder),
            slot,
            backoff=Backoff(random.SystemRandom().random),
            mark=mark,
        )
        interval_s = 1 / max(camera.looks_per_s, 0.01)
        return Seat(camera.id, slot, pipeline, interval_s, camera.priority, gate, mark=mark)

    def _tell_changes(self) -> tuple[CameraReport, ...]:
        now = time.monotonic()
        reports = self._refused + tuple(self._report(seat, now) for seat in self._seats)
        for report in reports:
            told = self._told.get(report.camera)
            if told is None or (told.state, told.fault) != (report.state, report.fault):
                self._outbox.send(report)
                self._told[report.camera] = report
        return reports

    def _report(self, seat: Seat, now: float) -> CameraReport:
        report = self._captures[seat.camera].report(
            looked=seat.looked, looked_at_fps=seat.detections.per_second(now)
        )
        report = replace(report, looked_every_s=round(seat.looked_every_s(now), 2))
        report = replace(report, clock_offset_s=self._watches[seat.camera].clock_offset_s)
        gate = seat.gate.status(now) if seat.gate is not None else GateStatus()
        if gate.packets_per_s > 0 and report.state is CameraState.WATCHING:
            report = replace(
                report,
                fps_in=round(gate.packets_per_s, 2),
                gate=gate.level.name.lower(),
                gate_why=gate.why,
            )
        if seat.failure and report.state is CameraState.WATCHING:
            fault = SourceFault.OTHER.value
            return replace(report, state=CameraState.DEGRADED, fault=fault, detail=seat.failure)
        return report

    def _beat(self, now: float, reports: tuple[CameraReport, ...]) -> None:
        self._outbox.send(
            Heartbeat(
                worker=self._spec.worker,
                mono_s=now,
                cameras=reports,
                detect_ms=round(self._scheduler.detect_ms, 2),
                dropped=sum(seat.slot.dropped + seat.stale for seat in self._seats),
            )
        )

    def _broke(self) -> int:
        failure = self._scheduler.failure
        if isinstance(failure, ModelError):
            self._fault("model", str(failure))
            return NO_MODEL
        self._fault("internal", f"The vision worker {self._spec.worker} broke ({failure!r}).")
        return BROKEN

    def _fault(self, what: str, sentence: str) -> None:
        log.error("worker_fault what=%s sentence=%r", what, sentence)
        self._outbox.send(WorkerFault(self._spec.worker, what, sentence))

    def _stop(self) -> None:
        for capture in self._captures.values():
            capture.stop()
        self._scheduler.stop(1.0)
        self._clips.stop()


def work(fd: int) -> int:
    """Read the orders from `fd` and work; returns the exit status."""
    os.set_blocking(fd, True)
    spec = read_spec(fd)
    outbox = Outbox(fd)
    try:
        kept = Path(spec.capacity) if spec.capacity else None
        detector, capacity = fitted_detector(spec.model, spec.extra_models, spec.threads, kept)
    except ModelError as error:
        log.error("model_refused sentence=%r", str(error))
        outbox.send(WorkerFault(spec.worker, "model", str(error)))
        outbox.close(1.0)
        return NO_MODEL
    outbox.send(
        WorkerReady(
            spec.worker,
            detector.name,
            detector.labels,
            round(capacity.looks_per_s, 1),
            tuple(camera.id for camera in spec.cameras),
        )
    )
    worker = Worker(spec, fd, detector, outbox, detect_ms=capacity.look_ms)
    signal.signal(signal.SIGTERM, lambda *_: worker.ask_to_stop())
    status = worker.run()
    outbox.close(0.5)
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m vision.worker", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the supervisor's line")
    given = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO,
        format="%(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    # Ctrl-C is the supervisor's business; it closes the line when it wants us gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    try:
        return work(given.fd)
    except ProtocolError as error:
        log.error("orders_refused sentence=%r", str(error))
        return UNREADABLE


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # A thread hanging inside the video library must not keep the process from leaving.
    os._exit(status)
