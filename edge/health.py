"""How the cameras are, as one board: since when, why, and whether it is an incident of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vision.reports import CameraReport, CameraState

GRACE_S = 15.0
"""A worker that is restarted gets this long before its cameras count as lost."""


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """One camera on the board.

    Attributes:
        since_mono_s: Monotonic time of the last change of state.
    """

    report: CameraReport
    since_mono_s: float

    @property
    def state(self) -> CameraState:
        return self.report.state


class CameraBoard:
    """The newest report of each camera; bounded by the cameras it was made with."""

    def __init__(self, cameras: Iterable[str], *, now_mono_s: float) -> None:
        self._board = {
            camera: CameraHealth(CameraReport(camera, CameraState.STARTING), now_mono_s)
            for camera in cameras
        }

    def all(self) -> list[CameraHealth]:
        return list(self._board.values())

    def take(self, report: CameraReport, *, now_mono_s: float) -> bool:
        """Put a report on the board; returns whether state or fault changed."""
        known = self._board.get(report.camera)
        if known is None:
            return False
        old = known.report
        if report.state is CameraState.DEGRADED and not report.frames:
            # The supervisor knows nothing but that the worker is gone: keep what was known.
            report = replace(
                report, frames=old.frames, looked=old.looked, width=old.width, height=old.height
            )
        changed = (old.state, old.fault) != (report.state, report.fault)
        since = now_mono_s if old.state is not report.state else known.since_mono_s
        self._board[report.camera] = CameraHealth(report, since)
        return changed

    def lost(self, *, now_mono_s: float) -> dict[str, str]:
        """Cameras that count as lost now, with the reason."""
        return {
            camera: health.report.fault
            for camera, health in self._board.items()
            if health.state is CameraState.LOST
            or (
                health.state is CameraState.DEGRADED and now_mono_s - health.since_mono_s >= GRACE_S
            )
        }

    def watching(self) -> list[str]:
        return [c for c, health in self._board.items() if health.state is CameraState.WATCHING]
