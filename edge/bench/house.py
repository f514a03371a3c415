"""What the whole house needs: start-up, memory, and the way of an alert and of a warning."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from edge.bench.figures import Figure
from edge.clock import SystemClock
from edge.demo import DemoOptions, run_demo
from edge.supervisor import WorkerSupervisor
from vision.reports import CameraReport, Heartbeat, Report
from vision.samples import sample_cameras
from vision.settings import WorkerSpec

PAGE = os.sysconf("SC_PAGE_SIZE")
START_LIMIT_S = 60.0

_IDLE_HUB = """
import asyncio, sys
from pathlib import Path
from edge.hub import Hub
from edge.settings.schema import HubSettings
async def main():
    settings = HubSettings.model_validate({
        "hub": {"id": "bench", "village": "bench", "township": "bench"},
        "state": {"folder": Path(sys.argv[1])}, "web": {"port": 0}, "link": {"port": 1},
        "speaker": [{"id": "horn", "kind": "silent"}]})
    async with Hub(settings):
        await asyncio.sleep(2)
        print("idle", flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


def cold_start() -> Figure:
    """From starting a worker process to its first analysed frame, three sample cameras."""
    seconds = asyncio.run(_first_look_s())
    return Figure("cold_start_to_first_look", round(seconds, 2), "s", budget=5.0)


async def _first_look_s() -> float:
    looked = asyncio.Event()

    def take(report: Report) -> None:
        cameras = report.cameras if isinstance(report, Heartbeat) else [report]
        if any(isinstance(c, CameraReport) and c.looked for c in cameras):
            looked.set()

    watched = WorkerSupervisor(
        WorkerSpec("bench", sample_cameras(), heartbeat_s=0.05), on_report=take, clock=SystemClock()
    )
    began = time.monotonic()
    running = asyncio.create_task(watched.run())
    try:
        async with asyncio.timeout(START_LIMIT_S):
            await looked.wait()
        return time.monotonic() - began
    finally:
        watched.stop()
        await running


def idle_memory() -> Figure:
    """Resident memory of a hub with pages, link, store and voice, but no camera."""
    with tempfile.TemporaryDirectory(prefix="village-hub-bench-") as folder:
        hub = subprocess.Popen(
            [sys.executable, "-c", _IDLE_HUB, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert hub.stdout is not None  # noqa: S101 - it was asked for above
            if hub.stdout.readline().strip() != b"idle":
                return Figure("idle_memory", None, "MB", note="the hub did not start")
            return Figure("idle_memory", round(resident_mb(hub.pid)), "MB", budget=250)
        finally:
            hub.communicate()


def resident_mb(pid: int) -> float:
    """Resident memory of a process, from /proc."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * PAGE / (1 << 20)


def latencies(*, seconds: float, model: Path | None, videos: tuple[str, ...]) -> list[Figure]:
    """The demonstration for a while: frame to stored alert, incident to first spoken sample."""
    with tempfile.TemporaryDirectory(prefix="village-hub-bench-") as folder:
        summary = Path(folder) / "summary.json"
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            run_demo(
                DemoOptions(
                    videos=videos,
                    model=model,
                    json=str(summary),
                    seconds=seconds,
                    state=Path(folder) / "state",
                ),
                out=nowhere,
            )
        told = _read(summary)
    latency = told["latency_ms"]
    alerts = f"{len(told['alerts_received'])} alerts in {seconds:.0f} s"
    return [
        Figure("frame_to_alert_p50", latency["frame_to_alert_p50"], "ms", note=alerts),
        Figure("frame_to_alert_p95", latency["frame_to_alert_p95"], "ms", budget=500, note=alerts),
        Figure(
            "incident_to_speech_p50",
            latency["incident_to_speech_p50"],
            "ms",
            budget=300,
            note="from the frame that decided to the first sample the sink took",
        ),
    ]


def _read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told
