"""Which camera's stream kills the vision worker: suspected by its deaths, forgotten with time."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from vision.marks import LastWords

HALF_S = 3600.0
"""A suspicion counts half after this long."""

CONVICTED = 1.5
"""Two deaths within the hour; a death that points at one camera alone counts for two."""

CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP}
)
"""How a program dies of itself; SIGKILL and SIGTERM come from others, as from want of memory."""


def crashed(returncode: int | None) -> bool:
    """Whether a process ended by a fault of its own code."""
    return returncode is not None and -returncode in CRASHES


class Suspicion:
    """How much each camera is suspected; bounded by the cameras there are."""

    def __init__(self) -> None:
        self._weights: dict[str, tuple[float, float]] = {}

    def weight(self, camera: str, now_s: float) -> float:
        """How many deaths speak against a camera, older ones for less."""
        weight, at_s = self._weights.get(camera, (0.0, now_s))
        return float(weight * 0.5 ** ((now_s - at_s) / HALF_S))

    def judge(self, words: LastWords, among: Sequence[str], now_s: float) -> str:
        """Count one death; returns the camera to be set apart, or an empty string.

        Args:
            words: What the worker left.
            among: The cameras that died together; the last one of them is never set apart.
            now_s: Monotonic seconds.
        """
        accused = [camera for camera in words.cameras if camera in among]
        counts = 2.0 if len(accused) == 1 else 1.0
        for camera in accused:
            self._weights[camera] = (self.weight(camera, now_s) + counts, now_s)
        if len(among) < 2 or not accused:
            return ""
        # One at a time: if it was another, the next death tells.
        worst = max(accused, key=lambda camera: self.weight(camera, now_s))
        return worst if self.weight(worst, now_s) >= CONVICTED else ""
