"""Keep a vision worker alive in a process of its own, so that its death is nobody else's.

A worker that crashes, hangs, is killed or cannot load its model is started again with back-off;
its cameras are reported degraded meanwhile. A camera whose stream makes the worker crash is set
apart: it gets a worker of its own, tried less and less often, and the others go on without it. One
that behaves returns when the others' worker is next started anyway.

The worker speaks `vision.reports` over a socket pair and stops when that socket closes, so it never
outlives the hub.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from edge.clock import Clock
from edge.quarantine import Suspicion, crashed
from vision.errors import ProtocolError
from vision.marks import LastWords, last_words, made
from vision.orders import Order, Show, Tune, order_to_message
from vision.reports import (
    LENGTHS,
    CameraReport,
    CameraState,
    Heartbeat,
    Report,
    WorkerFault,
    WorkerReady,
    encode,
    lengths,
    report_from_message,
)
from vision.settings import WorkerSpec
from vision.tuning import Tuning

log = logging.getLogger(__name__)

WORKER_GONE = "worker"
"""The fault of a camera whose worker is being restarted."""

DECODER_CRASHED = "decoder"
"""The fault of a camera that was set apart, until it is seen again."""

APART = "Its stream makes the decoder crash. It was set apart and is tried again in {minutes} min."
INSTEAD = "Until that is put right, the built-in model watches instead."


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits, in seconds.

    Attributes:
        start_s: From the start of the process to its first report.
        silence_s: Between two reports of a running worker.
        stop_s: From the request to stop until it is killed.
        backoff_s: First pause before a restart; doubles up to `backoff_most_s`.
        healthy_s: After this long without trouble the next pause is the first again.
        apart_s: First pause of a camera that was set apart; doubles up to `apart_most_s`.
        apart_well_s: After this long without trouble it may return to the others.
    """

    start_s: float = 60.0
    silence_s: float = 12.0
    stop_s: float = 2.5
    backoff_s: float = 0.25
    backoff_most_s: float = 30.0
    healthy_s: float = 30.0
    apart_s: float = 30.0
    apart_most_s: float = 1800.0
    apart_well_s: float = 600.0


PATIENCE = Patience()
LEVELS = logging.getLevelNamesMapping()


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """How a worker is.

    Attributes:
        pid: Process id; 0 while there is none.
        starts: How often it was started.
        fault: Why it is not working, in a sentence; empty while it works.
        fault_mono_s: Since when.
        detect_ms: Milliseconds of one look of the detector, lately.
    """

    worker: str
    pid: int = 0
    starts: int = 0
    ready: bool = False
    model: str = ""
    fault: str = ""
    fault_mono_s: float = 0.0
    detect_ms: float = 0.0
    heard_mono_s: float = 0.0


def worker_command(fd: int) -> Sequence[str]:
    """How a worker is started; tests hand in their own."""
    return (sys.executable, "-m", "vision.worker", "--fd", str(fd))


class WorkerSupervisor:
    """Runs one worker for ever; `run` returns when `stop` was called or it is cancelled."""

    def __init__(
        self,
        spec: WorkerSpec,
        *,
        on_report: Callable[[Report], None],
        clock: Clock,
        patience: Patience = PATIENCE,
        command: Callable[[int], Sequence[str]] = worker_command,
        randomness: Callable[[], float] = random.random,
        first_pause_s: float = 0.0,
    ) -> None:
        self._spec = spec
        self._on_report = on_report
        self._clock = clock
        self._patience = patience
        self._command = command
        self._randomness = randomness
        self._stopping = asyncio.Event()
        self._status = WorkerStatus(spec.worker)
        self._instead = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line: asyncio.StreamWriter | None = None
        self._first_pause_s = first_pause_s
        self._suspicion = Suspicion()
        self._apart: dict[str, tuple[WorkerSupervisor, asyncio.Task[None]]] = {}
        self._last_words: LastWords | None = None
        self._began_s = 0.0

    @property
    def status(self) -> WorkerStatus:
        return self._status

    def fresh(self, max_age_s: float) -> bool:
        """Whether the worker was heard lately, or is being restarted with a reason given."""
        heard = self._clock.monotonic() - self._status.heard_mono_s <= max_age_s
        return heard or bool(self._status.fault)

    @property
    def cameras(self) -> frozenset[str]:
        """Ids of those it watches."""
        return frozenset(camera.id for camera in self._spec.cameras)

    def show(self, camera: str, *, picture: bool = True) -> None:
        """Ask for the next look of a camera; may be called from any thread, returns at once."""
        if (apart := self._apart.get(camera)) is not None:
            apart[0].show(camera, picture=picture)
        self._order(Show(camera, picture))

    def tune(self, camera: str, tuning: Tuning) -> None:
        """Give a camera another tuning, now and in the worker's next life; from any thread."""
        cameras = tuple(
            replace(one, tuning=tuning) if one.id == camera else one for one in self._spec.cameras
        )
        self._spec = replace(self._spec, cameras=cameras)
        if (apart := self._apart.get(camera)) is not None:
            apart[0].tune(camera, tuning)
        self._order(Tune(camera, tuning))

    def _order(self, order: Order) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: so is the worker
                self._loop.call_soon_threadsafe(self._write, order_to_message(order))

    def _write(self, message: bytes) -> None:
        if self._line is not None and not self._line.is_closing():
            self._line.write(message)

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self._pause(self._first_pause_s)
            await self._live()
        finally:
            await self._take_back(tuple(self._apart))

    async def _live(self) -> None:
        pause_s = self._patience.backoff_s
        while not self._stopping.is_set():
            await self._take_back([c for c, (other, _) in self._apart.items() if other.well])
            self._began_s = self._now()
            fault = await self._one_life()
            if self._stopping.is_set():
                return
            lived_s = self._now() - self._began_s
            if lived_s >= self._patience.healthy_s:
                pause_s = self._patience.backoff_s
            self._set(pid=0, ready=False, fault=fault)
            log.warning(
                "worker lost worker=%s after_s=%.1f again_in_s=%.2f reason=%s",
                self._spec.worker,
                lived_s,
                pause_s,
                fault,
            )
            self._report_degraded(fault, pause_s)
            if self._set_apart():
                pause_s = self._patience.backoff_s
            await self._pause(pause_s * (0.75 + 0.5 * self._randomness()))
            pause_s = min(pause_s * 2, self._patience.backoff_most_s)

    @property
    def well(self) -> bool:
        """Whether the worker has run for long without trouble."""
        long = self._now() - self._began_s >= self._patience.healthy_s
        return self._status.ready and not self._status.fault and long

    @property
    def apart(self) -> frozenset[str]:
        """Cameras that were set apart."""
        return frozenset(self._apart)

    def _together(self) -> WorkerSpec:
        """What the shared worker watches."""
        cameras = tuple(c for c in self._spec.cameras if c.id not in self._apart)
        return replace(self._spec, cameras=cameras)

    def _set_apart(self) -> bool:
        """After a crash: give the camera that caused it a worker of its own."""
        words, self._last_words = self._last_words, None
        if words is None:
            return False
        among = [camera.id for camera in self._together().cameras]
        guilty = self._suspicion.judge(words, among, self._now())
        log.warning(
            "worker crashed worker=%s suspected=%s certain=%s place=%r apart=%s",
            *(self._spec.worker, ",".join(words.cameras) or "-", words.certain, words.place),
            guilty or "-",
        )
        if not guilty:
            return False
        first_s = self._patience.apart_s
        spec = replace(
            self._spec,
            worker=f"{self._spec.worker}-{guilty}",
            cameras=tuple(camera for camera in self._spec.cameras if camera.id == guilty),
        )
        alone = WorkerSupervisor(
            spec,
            on_report=self._from_apart,
            clock=self._clock,
            patience=replace(
                self._patience,
                backoff_s=first_s * 2,
                backoff_most_s=self._patience.apart_most_s,
                healthy_s=self._patience.apart_well_s,
            ),
            command=self._command,
            randomness=self._randomness,
            first_pause_s=first_s,
        )
        self._apart[guilty] = (alone, asyncio.create_task(alone.run()))
        self._on_report(_crashing(guilty, first_s))
        return True

    def _from_apart(self, report: Report) -> None:
        """What a camera set apart reports; that it begins once more is no news."""
        match report:
            case CameraReport(state=CameraState.STARTING):
                return
            case Heartbeat():
                cameras = (c for c in report.cameras if c.state is not CameraState.STARTING)
                report = replace(report, cameras=tuple(cameras))
            case _:
                pass
        self._on_report(report)

    async def _take_back(self, cameras: Sequence[str]) -> None:
        """Stop the workers of cameras that were set apart."""
        for camera in cameras:
            self._apart[camera][0].stop()
        for camera in cameras:
            await asyncio.gather(self._apart[camera][1], return_exceptions=True)
            del self._apart[camera]
            log.info("camera returned worker=%s camera=%s", self._spec.worker, camera)

    async def _one_life(self) -> str:
        """Start a worker and listen to it; returns why it ended."""
        spec = self._together()
        with _marks(spec) as marks:
            return await self._life_of(replace(spec, marks=marks))

    async def _life_of(self, spec: WorkerSpec) -> str:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *self._command(theirs.fileno()),
                    stdin=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    pass_fds=[theirs.fileno(), *([spec.marks] if spec.marks >= 0 else [])],
                )
        except OSError as error:
            ours.close()
            return f"The vision worker cannot be started: {error}."
        self._set(pid=process.pid, starts=self._status.starts + 1, heard_mono_s=self._now())
        reader, writer = await asyncio.open_connection(sock=ours)
        logging_on = asyncio.create_task(_log_on(process.stderr))
        listening = asyncio.create_task(self._listen(spec, reader, writer))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({listening, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return listening.result() if listening.done() else "stopped"
        finally:
            stopping.cancel()
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
            await self._end(process, writer)
            if crashed(process.returncode) and spec.marks >= 0:
                cameras = [camera.id for camera in spec.cameras]
                self._last_words = last_words(spec.marks, cameras)
            logging_on.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await logging_on

    async def _listen(
        self, spec: WorkerSpec, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> str:
        last_fault = ""
        wait_s = self._patience.start_s
        try:
            writer.write(encode(spec.to_json()))
            self._line = writer
            await writer.drain()
            while True:
                async with asyncio.timeout(wait_s):
                    prefix = await reader.readexactly(LENGTHS.size)
                    header_bytes, body_bytes = lengths(prefix)
                    header = await reader.readexactly(header_bytes)
                    body = await reader.readexactly(body_bytes)
                report = report_from_message(header, body)
                wait_s = self._patience.silence_s
                last_fault = self._note(report) or last_fault
                self._on_report(report)
        except TimeoutError:
            return last_fault or f"The vision worker was silent for {wait_s:.0f} s."
        except ProtocolError as error:
            return str(error)
        except (asyncio.IncompleteReadError, OSError):
            return last_fault or "The vision worker ended unexpectedly."

    def _note(self, report: Report) -> str:
        """Keep the status up to date; returns the sentence of a fault."""
        self._set(heard_mono_s=self._now())
        match report:
            case WorkerReady():
                self._set(ready=True, model=report.model, fault=self._instead)
            case Heartbeat():
                self._set(detect_ms=report.detect_ms)
            case WorkerFault():
                self._set(fault=report.sentence)
                if report.what == "model" and (self._spec.model or self._spec.extra_models):
                    self._fall_back(report.sentence)
                return report.sentence
            case _:
                pass
        return ""

    def _fall_back(self, sentence: str) -> None:
        """Watch with the built-in model from the next start on: a poorer eye is better than none.

        The fault stays until the owner puts the model right and starts the program again.
        """
        self._instead = f"{sentence} {INSTEAD}"
        self._spec = replace(self._spec, model="", extra_models=())
        log.error("worker falls back worker=%s reason=%s", self._spec.worker, sentence)

    async def _end(self, process: asyncio.subprocess.Process, writer: asyncio.StreamWriter) -> None:
        """Close the socket, which asks the worker to stop; kill it if it does not."""
        self._line = None
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        try:
            async with asyncio.timeout(self._patience.stop_s):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _report_degraded(self, sentence: str, pause_s: float) -> None:
        cameras = self._together().cameras
        crashing = self._last_words is not None and self._last_words.cameras
        for camera in cameras:
            self._on_report(
                _crashing(camera.id, pause_s)
                if crashing and len(cameras) == 1
                else CameraReport(
                    camera.id, CameraState.DEGRADED, fault=WORKER_GONE, detail=sentence[:200]
                )
            )

    def _now(self) -> float:
        return self._clock.monotonic()

    def _set(self, **changes: Any) -> None:
        if changes.get("fault") and not self._status.fault:
            changes["fault_mono_s"] = self._now()
        self._status = replace(self._status, **changes)


def _crashing(camera: str, again_in_s: float) -> CameraReport:
    minutes = APART.format(minutes=max(1, round(again_in_s / 60)))
    return CameraReport(
        camera,
        CameraState.DEGRADED,
        fault=DECODER_CRASHED,
        detail=minutes,
        retry_in_s=round(again_in_s, 1),
    )


@contextmanager
def _marks(spec: WorkerSpec) -> Iterator[int]:
    """Memory for the marks of one life; -1 where the system has none."""
    try:
        marks = made(len(spec.cameras))
    except OSError:
        yield -1
        return
    try:
        yield marks
    finally:
        os.close(marks)


async def _log_on(stderr: asyncio.StreamReader | None) -> None:
    """Log a worker's lines as ours: one format, one level, no secrets.

    Lines of the worker are `LEVEL name message`; whatever a library prints becomes a warning.
    """
    while stderr is not None:
        try:
            line = (await stderr.readline()).decode("utf-8", "replace")
        except ValueError:  # longer than any sentence: not worth keeping
            continue
        if not line:
            return
        level, _, rest = line.rstrip().partition(" ")
        name, _, message = rest.partition(" ")
        if level in LEVELS and name:
            logging.getLogger(name).log(LEVELS[level], "%s", message)
        elif line.strip():
            log.warning("worker prints %s", line.strip()[:500])
