"""What the box sees becomes what it remembers and says: vision's reports to incidents and speech.

Reports arrive on the event loop; remembering blocks on the disk, so it is done on one thread of
its own, one report after the other. What the disk refused is kept and tried again; the warning at
the place is spoken all the same, because a full disk must not silence a danger.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from edge.camera_clocks import CameraClocks
from edge.clock import Clock
from edge.errors import StoreError
from edge.events import Bus, Change
from edge.health import CameraBoard
from edge.incidents import IncidentDesk, Surroundings
from edge.store.records import Incident
from edge.talkdown import Place, TalkdownPolicy
from vision.reports import (
    CameraReport,
    CameraState,
    ClipReport,
    Heartbeat,
    IncidentReport,
    Phase,
    Report,
)

log = logging.getLogger(__name__)

HOUSE = "hub"
"""Incidents about the box itself stand under this name instead of a camera's."""
KEPT = 200
"""Reports that wait for the disk; beyond that the oldest updates go, never an opening."""

Warn = Callable[[Incident], str]
"""Speak the warning of an incident; returns the announcement's id."""


class Lookout:
    """Takes vision's reports; owns the thread on which incidents are remembered."""

    def __init__(
        self,
        desk: IncidentDesk,
        board: CameraBoard,
        policy: TalkdownPolicy,
        around: Surroundings,
        *,
        clock: Clock,
        bus: Bus,
        warn: Warn,
        warn_unremembered: Callable[[IncidentReport], None],
        take_clip: Callable[[ClipReport], None] = lambda _report: None,
    ) -> None:
        """Args: `warn_unremembered` speaks for an incident the disk would not take."""
        self._take_clip = take_clip
        self._desk = desk
        self._board = board
        self._policy = policy
        self._around = around
        self._clock = clock
        self._bus = bus
        self._warn = warn
        self._warn_unremembered = warn_unremembered
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="incidents")
        self._waiting: OrderedDict[tuple[str, Phase], IncidentReport] = OrderedDict()
        self._unwritten: dict[str, Callable[[], None]] = {}
        self._clocks = CameraClocks(clock)
        self._wrong_clocks: dict[str, str] = {}
        self._catching_up = False
        self._store_fault = ""
        self._beat_mono_s = clock.monotonic()

    @property
    def store_fault(self) -> str:
        """Why incidents cannot be written now, in a sentence; empty while they can."""
        return self._store_fault

    def fresh(self, max_age_s: float) -> bool:
        """Whether the remembering thread worked off its queue lately."""
        return self._clock.monotonic() - self._beat_mono_s <= max_age_s

    def take(self, report: Report) -> None:
        """Take any report of a worker; returns at once."""
        match report:
            case CameraReport():
                self._take_camera(report)
            case Heartbeat():
                for camera in report.cameras:
                    self._take_camera(camera)
            case IncidentReport():
                self._submit(lambda: self._remember(report))
            case ClipReport():
                self._submit(lambda: self._guarded(lambda: self._take_clip(report)))
            case _:
                pass

    def workers_ready(self, cameras: tuple[str, ...]) -> None:
        """These cameras were looked at long enough since a restart: close what nobody sees."""
        self._submit(lambda: self._guarded(lambda: self._desk.close_orphans(cameras)))

    def tick(self) -> None:
        """Once a second: try again what the disk refused, and judge the cameras."""
        self._submit(self._tick)

    def set_condition(self, kind: str, *, holds: bool, severity: str, detail: str = "") -> None:
        """Open or close an incident about the box itself; returns at once."""

        def write() -> None:
            self._desk.set_condition(kind, HOUSE, holds=holds, severity=severity, detail=detail)

        self._submit(lambda: self._set_condition(kind, write))

    def _set_condition(self, kind: str, write: Callable[[], None]) -> None:
        """Write how things are; what the disk refuses is tried again until it is out of date."""
        self._unwritten.pop(kind, None)
        if not self._guarded(write):
            self._unwritten[kind] = write

    def close(self, timeout_s: float = 3.0) -> None:
        """Work off what is queued."""
        done = self._thread.submit(self._retry)
        try:
            done.result(timeout_s)
        except TimeoutError:
            log.error("incidents not written in time waiting=%d", len(self._waiting))
        self._thread.shutdown(wait=False, cancel_futures=True)

    def on_change(self, incident: Incident, phase: Phase) -> None:
        """The desk has written an incident; called on its thread."""
        self._bus.publish(Change("incident", incident.id))
        if phase is Phase.OPENED:
            log.info(
                "incident opened id=%s kind=%s camera=%s zone=%s label=%s score=%.2f",
                incident.id, incident.kind, incident.camera, incident.zone, incident.label,
                incident.score,
            )  # fmt: skip
            # What is written late was judged, and spoken, when it happened.
            if not self._catching_up and self._may_speak(
                incident.camera, incident.kind, incident.zone, incident.rule
            ):
                self._warn(incident)
        elif phase is Phase.CLOSED:
            log.info("incident closed id=%s kind=%s", incident.id, incident.kind)

    def _may_speak(self, camera: str, kind: str, zone: str, rule: str) -> bool:
        facts = self._around.rule(camera, kind, zone, rule)
        silence = self._policy.decide(
            Place(camera, zone),
            speaks=facts.speak,
            life_safety=facts.severity == "life_safety",
            now_mono_s=self._clock.monotonic(),
        )
        if silence is not None:
            log.info("warning not spoken camera=%s zone=%s reason=%s", camera, zone, silence.value)
        return silence is None

    def _take_camera(self, report: CameraReport) -> None:
        self._judge_clock(report)
        if not self._board.take(report, now_mono_s=self._clock.monotonic()):
            return
        log.info(
            "camera camera=%s state=%s fault=%s detail=%s",
            report.camera, report.state.value, report.fault or "-", report.detail or "-",
        )  # fmt: skip
        self._bus.publish(Change("camera", report.camera))
        if report.state is CameraState.DEGRADED:
            self._submit(lambda: self._desk.worker_lost([report.camera]))
        if report.state is CameraState.WATCHING:
            self._submit(lambda: self._desk.camera_back(report.camera))
        if report.state in {CameraState.LOST, CameraState.WATCHING}:
            self._submit(self._judge_cameras)

    def _judge_clock(self, report: CameraReport) -> None:
        wrong = self._clocks.judge(report.camera, report.clock_offset_s)
        if wrong is None or self._wrong_clocks.get(report.camera) == wrong:
            return
        self._wrong_clocks[report.camera] = wrong
        camera, kind, holds = report.camera, "camera_clock", bool(wrong)
        self._submit(lambda: self._condition(camera, kind, holds=holds, detail=wrong))

    def _remember(self, report: IncidentReport) -> None:
        self._beat_mono_s = self._clock.monotonic()
        if self._waiting:
            self._retry()
        if self._waiting or not self._written(report):
            self._keep(report)
            new = report.phase is Phase.OPENED
            if new and self._may_speak(report.camera, report.kind, report.zone, report.rule):
                self._warn_unremembered(report)

    def _written(self, report: IncidentReport) -> bool:
        return self._guarded(lambda: self._desk.take(report))

    def _guarded(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except StoreError as error:
            if not self._store_fault:
                log.error("incident not written reason=%s", error)
            self._store_fault = str(error)
            self._bus.publish(Change("hub"))
            return False
        if self._store_fault:
            log.info("incidents are written again waiting=%d", len(self._waiting))
            self._store_fault = ""
            self._bus.publish(Change("hub"))
        return True

    def _keep(self, report: IncidentReport) -> None:
        self._waiting[report.key, report.phase] = report
        while len(self._waiting) > KEPT:
            updates = [key for key in self._waiting if key[1] is Phase.UPDATED]
            oldest = updates[0] if updates else next(iter(self._waiting))
            log.error("incident given up key=%s phase=%s", *oldest)
            del self._waiting[oldest]

    def _retry(self) -> None:
        self._catching_up = True
        try:
            while self._waiting:
                key, report = next(iter(self._waiting.items()))
                if not self._written(report):
                    return
                del self._waiting[key]
        finally:
            self._catching_up = False

    def _tick(self) -> None:
        self._beat_mono_s = self._clock.monotonic()
        self._retry()
        for kind, write in list(self._unwritten.items()):
            self._set_condition(kind, write)
        self._judge_cameras()

    def _judge_cameras(self) -> None:
        lost = self._board.lost(now_mono_s=self._clock.monotonic())
        for health in self._board.all():
            camera = health.report.camera
            is_open = (camera, "camera_lost") in {(i.camera, i.kind) for i in self._desk.open}
            if camera in lost and not is_open:
                self._condition(camera, "camera_lost", holds=True, detail=lost[camera])
            elif is_open and health.state is CameraState.WATCHING:
                self._condition(camera, "camera_lost", holds=False)

    def _condition(self, camera: str, kind: str, *, holds: bool, detail: str = "") -> None:
        self._guarded(
            lambda: self._desk.set_condition(
                kind, camera, holds=holds, severity="notice", detail=detail
            )
        )

    def _submit(self, work: Callable[[], object]) -> None:
        try:
            future: Future[object] = self._thread.submit(work)
        except RuntimeError:  # closing: the worker is told to stop as well
            return
        future.add_done_callback(_log_failure)


def _log_failure(future: Future[object]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        log.error("incident thread failed", exc_info=error)
