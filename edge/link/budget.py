"""Bytes of a day on a metered link: pictures stop first, life safety never."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PACKET_BYTES = 120
"""What TCP, TLS and MQTT add to a small message and its acknowledgement."""

_LIFE_SAFETY_LANE = 1
_BULKY_LANE = 5


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent on one day; kept across restarts."""

    day: str = ""
    spent: int = 0


class Budget:
    """Counts what is sent and says what may still be.

    Of the day's limit, bulky lanes (pictures) may use 1 - 2 × reserve, the others 1 - reserve.
    What concerns life is sent whatever it costs, and counted.
    """

    def __init__(
        self,
        limit: int,
        *,
        reserve: float = 0.2,
        today: Callable[[], str],
        begin: Spending | None = None,
    ) -> None:
        """Nothing is refused with a limit of 0.

        Args:
            limit: Bytes of a day; 0 means that the link is not metered.
            reserve: Fraction that is kept for life safety.
            today: Names the present day.
            begin: What is known of earlier.
        """
        self.limit = limit
        self._reserve = reserve
        self._today = today
        self._spending = begin or Spending()

    @property
    def spending(self) -> Spending:
        """Of today."""
        day = self._today()
        if self._spending.day != day:
            self._spending = Spending(day)
        return self._spending

    def spend(self, size: int) -> None:
        """So many bytes of topic and payload were handed to the network."""
        now = self.spending
        self._spending = Spending(now.day, now.spent + size + PACKET_BYTES)

    def allows(self, lane: int, size: int) -> bool:
        """Whether a message of this lane may be sent today."""
        if not self.limit or lane <= _LIFE_SAFETY_LANE:
            return True
        share = 1 - self._reserve * (2 if lane >= _BULKY_LANE else 1)
        return self.spending.spent + size + PACKET_BYTES <= self.limit * share

    def fault(self) -> str:
        """A sentence while something has to wait for tomorrow, else empty."""
        if self.allows(_BULKY_LANE, 0):
            return ""
        spent_mb, limit_mb = self.spending.spent / 1e6, self.limit / 1e6
        return (
            f"Of today's {limit_mb:.1f} MB of data {spent_mb:.1f} MB are used; pictures wait until "
            "tomorrow, and alerts of danger to life are still sent."
        )
