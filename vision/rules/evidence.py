"""What the latest looks said about something that must be seen for a while to be believed."""

from __future__ import annotations

from collections import deque

from vision.flicker import Verdict

MOST_LOOKS = 512


class Evidence:
    """The looks of the last seconds, each with or without a verdict; bounded.

    Args:
        span_s: How far it reaches back.
    """

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._looks: deque[tuple[float, Verdict | None]] = deque(maxlen=MOST_LOOKS)

    def add(self, now_s: float, verdict: Verdict | None) -> None:
        """One look; None: nothing was there."""
        self._looks.append((now_s, verdict))
        while now_s - self._looks[0][0] > self._span_s:
            self._looks.popleft()

    def count(self, *verdicts: Verdict) -> int:
        return sum(verdict in verdicts for _, verdict in self._looks)

    @property
    def since_s(self) -> float | None:
        """The first look in the span in which something was there."""
        return next((at_s for at_s, verdict in self._looks if verdict is not None), None)

    @property
    def share(self) -> float:
        """Part of the looks since then in which it was there, 0..1."""
        since_s = self.since_s
        after = [verdict for at_s, verdict in self._looks if since_s is None or at_s >= since_s]
        return sum(verdict is not None for verdict in after) / max(1, len(after))
