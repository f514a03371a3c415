"""A person accepts a suggestion: the running worker obeys at once, and takes it back as fast."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.clock import SystemClock
from edge.eyes import Eyes, tuned
from edge.supervisor import WorkerSupervisor
from tests.fakes.onnx_files import write_constant_network
from tests.fakes.videos import walking, write_video
from vision.reports import IncidentReport, Phase, Report, SightReport
from vision.settings import CameraSpec, RuleSpec, WorkerSpec
from vision.tuning import Ignored, Tuning

HERE = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.9), (0.3, 0.9))
TREE = Tuning(ignored=(Ignored("intrusion", HERE),))


@pytest.fixture
def spec(tmp_path: Path) -> WorkerSpec:
    """A camera on which the detector sees somebody in the middle of every picture."""
    out = np.zeros((1, 84, 64 + 16 + 4), np.float32)
    out[0, :4, 7] = (32, 32, 16, 16)
    out[0, 4, 7] = 0.9
    model = write_constant_network(tmp_path / "sees-all.onnx", (1, 3, 64, 64), {"o": out})
    video = write_video(tmp_path / "walk.mp4", walking(30))
    rule = RuleSpec("intrusion", labels=("person",), dwell_s=0.5, clear_s=0.5)
    camera = CameraSpec("gate", "村口", str(video), loop=True, rules=(rule,), health=False)
    return WorkerSpec("w", (camera,), model=str(model), heartbeat_s=0.3)


def test_a_running_worker_obeys_and_shows(spec: WorkerSpec) -> None:
    """Open, ignored (and closed), undone (and open again); its look comes when asked for."""
    reports: list[Report] = []

    def phases() -> list[Phase]:
        told = [r.phase for r in reports if isinstance(r, IncidentReport)]
        return [phase for phase in told if phase is not Phase.UPDATED]

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(40):
            while not condition():
                await asyncio.sleep(0.02)

    async def story() -> None:
        supervisors: list[WorkerSupervisor] = []
        eyes = Eyes(supervisors)
        (first,) = tuned([spec], lambda _: Tuning())
        supervisors.append(WorkerSupervisor(first, on_report=reports.append, clock=SystemClock()))
        running = asyncio.create_task(supervisors[0].run())
        try:
            await until(lambda: phases() == [Phase.OPENED])
            eyes.tune("gate", TREE)
            await until(lambda: phases() == [Phase.OPENED, Phase.CLOSED])
            eyes.show("gate", picture=True)
            eyes.show("nowhere", picture=True)
            await until(lambda: any(isinstance(r, SightReport) for r in reports))
            eyes.tune("gate", Tuning())
            await until(lambda: phases() == [Phase.OPENED, Phase.CLOSED, Phase.OPENED])
        finally:
            supervisors[0].stop()
            await running

    asyncio.run(story())
    (sight,) = (r for r in reports if isinstance(r, SightReport))
    assert sight.jpeg.startswith(b"\xff\xd8")
    assert [one.label for one in sight.objects] == ["person"]
