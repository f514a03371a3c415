"""A vision worker may die in any way; the hub notices, says so, and starts it again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.supervisor import INSTEAD, WORKER_GONE, Patience, WorkerSupervisor
from vision.reports import CameraReport, CameraState, Heartbeat, Report, WorkerReady
from vision.settings import CameraSpec, WorkerSpec

FAKE = str(Path(__file__).parents[1] / "fakes" / "worker.py")
SPEC = WorkerSpec("w", (CameraSpec("shuiku", "水库", "x.mp4"),))
QUICK = Patience(start_s=10, silence_s=0.6, stop_s=1, backoff_s=0.02, backoff_most_s=0.1)


def supervisor(behaviour: str, reports: list[Report]) -> WorkerSupervisor:
    return WorkerSupervisor(
        SPEC,
        on_report=reports.append,
        clock=SystemClock(),
        patience=QUICK,
        command=lambda fd: (sys.executable, FAKE, str(fd), behaviour),
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


def run_until(
    behaviour: str, done: Callable[[WorkerSupervisor, list[Report]], bool]
) -> tuple[WorkerSupervisor, list[Report]]:
    reports: list[Report] = []

    async def story() -> WorkerSupervisor:
        watched = supervisor(behaviour, reports)
        running = asyncio.create_task(watched.run())
        try:
            await until(lambda: done(watched, reports))
        finally:
            watched.stop()
            async with asyncio.timeout(5):
                await running
        return watched

    return asyncio.run(story()), reports


@pytest.mark.parametrize("behaviour", ["crash", "hang", "garbage"])
def test_a_worker_that_fails_is_started_again(behaviour: str) -> None:
    """Whether it crashes, hangs or talks nonsense: its camera is degraded and it lives again."""
    watched, reports = run_until(
        behaviour, lambda s, _: s.status.starts >= 3 and bool(s.status.fault)
    )
    degraded = [r for r in reports if isinstance(r, CameraReport)]
    assert watched.status.starts >= 3
    assert degraded[0].state is CameraState.DEGRADED
    assert degraded[0].fault == WORKER_GONE
    assert degraded[0].camera == "shuiku"


def test_a_worker_that_cannot_load_its_model_says_why() -> None:
    """The sentence of the worker reaches the status, not just an exit code."""
    watched, _ = run_until("fault", lambda s, _: s.status.starts >= 2 and bool(s.status.fault))
    assert watched.status.fault == "模型文件 x.onnx 打不开。"


def test_a_wrong_model_does_not_blind_the_box() -> None:
    """After the worker refused it, the built-in model watches, and the fault is still told."""
    asked: list[Report] = []

    async def story() -> WorkerSupervisor:
        watched = WorkerSupervisor(
            replace(SPEC, model="/models/gone.onnx"),
            on_report=asked.append,
            clock=SystemClock(),
            patience=QUICK,
            command=lambda fd: (sys.executable, FAKE, str(fd), "picky"),
        )
        running = asyncio.create_task(watched.run())
        try:
            await until(lambda: watched.status.ready)
            assert "x.onnx" in watched.status.fault
            assert INSTEAD in watched.status.fault
        finally:
            watched.stop()
            async with asyncio.timeout(5):
                await running
        return watched

    assert asyncio.run(story()).status.starts == 2


def test_a_killed_worker_is_back_at_once() -> None:
    """kill -9 costs a restart, and the new process is ready without a long pause."""
    killed: list[int] = []

    def done(watched: WorkerSupervisor, reports: list[Report]) -> bool:
        if not killed and any(isinstance(r, Heartbeat) for r in reports):
            killed.append(watched.status.pid)
            os.kill(watched.status.pid, signal.SIGKILL)
        ready = sum(isinstance(r, WorkerReady) for r in reports)
        return ready >= 2 and watched.status.ready

    watched, _ = run_until("well", done)
    assert watched.status.starts == 2
    assert watched.status.pid != killed[0]


def test_stop_ends_the_worker_process() -> None:
    """Nothing is left running behind."""
    watched, _ = run_until("well", lambda s, _: s.status.ready)
    with pytest.raises(ProcessLookupError):
        os.kill(watched.status.pid, 0)


def test_a_fault_knows_since_when_it_lasts() -> None:
    """Repeated failures are one fault, so that a short restart can be told from a lasting one."""
    moments: set[float] = set()

    def done(watched: WorkerSupervisor, _: list[Report]) -> bool:
        if watched.status.fault:
            moments.add(watched.status.fault_mono_s)
        return watched.status.starts >= 3

    run_until("fault", done)
    assert len(moments) == 1


def test_what_a_worker_logs_is_logged_as_ours(caplog: pytest.LogCaptureFixture) -> None:
    """Its level and name are kept; what a library prints is a warning and does no harm."""
    caplog.set_level("INFO")
    run_until("chatty", lambda s, _: s.status.ready and "done talking" in caplog.text)
    told = [(r.levelname, r.name, r.getMessage()) for r in caplog.records]
    assert ("INFO", "vision.capture", "camera_watching camera=a") in told
    assert any(level == "WARNING" and "x" * 500 in text for level, _, text in told)
