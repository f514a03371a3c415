"""Whether an incident is answered by a spoken warning, and why not when it is not."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

HOUR_S = 3600.0


class Silence(StrEnum):
    """Why nothing is said."""

    SWITCHED_OFF = "switched_off"
    RULE_IS_SILENT = "rule_is_silent"
    COOLING_DOWN = "cooling_down"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Place:
    """What is cooled down together: one zone of one camera."""

    camera: str
    zone: str


class TalkdownPolicy:
    """Cool-down and hourly limit, on monotonic time; life safety is exempt from the limit.

    Bounded: it remembers one moment per place and at most `per_hour` moments per camera.
    """

    def __init__(self, *, enabled: bool, cool_down_s: float, per_hour: int) -> None:
        self._enabled = enabled
        self._cool_down_s = cool_down_s
        self._per_hour = per_hour
        self._last: dict[Place, float] = {}
        self._spoken: dict[str, deque[float]] = {}

    def decide(
        self, place: Place, *, speaks: bool, life_safety: bool, now_mono_s: float
    ) -> Silence | None:
        """None means: speak now, and it counts as spoken."""
        if not self._enabled:
            return Silence.SWITCHED_OFF
        if not speaks:
            return Silence.RULE_IS_SILENT
        last = self._last.get(place)
        if last is not None and now_mono_s - last < self._cool_down_s:
            return Silence.COOLING_DOWN
        spoken = self._spoken.setdefault(place.camera, deque(maxlen=self._per_hour))
        full = len(spoken) == self._per_hour and now_mono_s - spoken[0] < HOUR_S
        if full and not life_safety:
            return Silence.TOO_MANY
        self._last[place] = now_mono_s
        spoken.append(now_mono_s)
        return None
