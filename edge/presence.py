"""How the box introduces itself to the township: birth at each connection, then heartbeats."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge import __version__
from edge.clock import Clock
from edge.conditions import MEGABYTE, free_mb, size_mb
from edge.health import CameraBoard
from edge.link.messages import Birth, CameraStatus, Capacity, HubHeartbeat, Window
from edge.settings.schema import HubSettings


@dataclass(frozen=True, slots=True)
class Presence:
    """Makes the two messages from what the box knows of itself; called on the link's thread.

    Attributes:
        boot: How often the memory was opened.
        model: Name of the detector in use, empty before it is known.
        faults: What is wrong now, in sentences.
    """

    settings: HubSettings
    board: CameraBoard
    clock: Clock
    boot: int
    model: Callable[[], str]
    faults: Callable[[], Sequence[str]]

    def birth(self, window: Window) -> Birth:
        stamp = self.clock.stamp()
        return Birth(
            boot=self.boot,
            stream=window.stream,
            version=__version__,
            village=self.settings.hub.village,
            grid=self.settings.hub.grid,
            model=self.model()[:80],
            cameras=self._cameras(),
            speakers=tuple(s.id for s in self.settings.speaker),
            models=tuple(filter(None, [self.model()[:80]])),
            versions={"python": platform.python_version(), "system": platform.platform()[:80]},
            capacity=self._capacity(),
            window=window,
            time=stamp.utc,
            clocktrusted=stamp.trusted,
        )

    def heartbeat(self, window: Window) -> HubHeartbeat:
        stamp = self.clock.stamp()
        return HubHeartbeat(
            boot=self.boot,
            window=window,
            cameras=self._cameras(),
            faults=tuple(sentence[:500] for sentence in self.faults()),
            disk_free_mb=free_mb(Path(self.settings.state.folder)),
            time=stamp.utc,
            clocktrusted=stamp.trusted,
        )

    def _capacity(self) -> Capacity:
        folder = Path(self.settings.state.folder)
        return Capacity(
            cores=os.cpu_count() or 0,
            memory_mb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEGABYTE,
            disk_mb=size_mb(folder),
            cameras=len(self.settings.camera),
        )

    def _cameras(self) -> tuple[CameraStatus, ...]:
        names = {c.id: c.name for c in self.settings.camera}
        return tuple(
            CameraStatus(
                id=health.report.camera,
                name=names.get(health.report.camera, health.report.camera),
                state=health.state.value,
                fault=health.report.fault[:32],
                fps_in=round(health.report.fps_in, 1),
                looked_at_fps=round(health.report.looked_at_fps, 1),
                width=health.report.width,
                height=health.report.height,
            )
            for health in self.board.all()
        )
