"""Whether the cameras' clocks are right: a wrong one makes evidence worthless and is told."""

from __future__ import annotations

from edge.clock import Clock

WRONG_S, RIGHT_S = 60.0, 30.0
"""So much off is wrong; below the second it is right again."""

LASTING_S = 30.0
"""It must have been off for so long: after a start a camera may still be fetching the time."""

FAST, SLOW = "clock_fast", "clock_slow"


class CameraClocks:
    """Judges the offsets that cameras report; says nothing while our own clock is not believed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_s: dict[str, float] = {}

    def judge(self, camera: str, offset_s: float | None) -> str | None:
        """What is wrong with a camera's clock: `clock_fast`, `clock_slow`, or empty.

        None: nothing can be said, because the camera does not tell its time, our own is not
        believed, or it is too early.
        """
        if offset_s is None or not self._clock.trusted():
            self._since_s.pop(camera, None)
            return None
        if abs(offset_s) < RIGHT_S:
            self._since_s.pop(camera, None)
            return ""
        if abs(offset_s) < WRONG_S:
            return None
        now_s = self._clock.monotonic()
        if now_s - self._since_s.setdefault(camera, now_s) < LASTING_S:
            return None
        return FAST if offset_s > 0 else SLOW
