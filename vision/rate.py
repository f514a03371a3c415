"""How often something happens, over the last seconds."""

from __future__ import annotations

from collections import deque

WINDOW_S = 5.0


class Rate:
    """Counts events; not for several writing threads."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=1000)

    def count(self, now_s: float) -> None:
        self._times.append(now_s)
        while self._times and self._times[0] < now_s - WINDOW_S:
            self._times.popleft()

    def per_second(self, now_s: float) -> float:
        """Events a second; 0 where there are fewer than two in the window."""
        recent = [t for t in tuple(self._times) if t >= now_s - WINDOW_S]
        if len(recent) < 2 or recent[-1] <= recent[0]:
            return 0.0
        silent = now_s - recent[-1] > 1.0
        span_s = (now_s if silent else recent[-1]) - recent[0]
        return (len(recent) - 1) / span_s
