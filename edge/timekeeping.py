"""When the time becomes known, everything this boot wrote down before is put right."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from edge.clock import SOFTWARE_EPOCH_S, Clock, Stamp
from edge.errors import StoreError
from edge.link.messages import TimeOffer

log = logging.getLogger(__name__)

AGREES_S = 2.0
"""Our clock agrees with the township's when they differ by no more than this."""


@runtime_checkable
class Adjustable(Protocol):
    """A clock that can be vouched for, or told the time."""

    def trust(self) -> None: ...

    def adopt(self, wall_s: float) -> None: ...


class Restamps(Protocol):
    """The memory whose moments are corrected."""

    def restamp(self, now: Stamp) -> int: ...


class Timekeeper:
    """Takes the township's time when there is no better one, and corrects the memory once."""

    def __init__(
        self, clock: Clock, memory: Restamps, *, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """Args: `on_change` is told when the time became known."""
        self._clock = clock
        self._memory = memory
        self._on_change = on_change
        self._done = False

    def offered(self, offer: TimeOffer) -> None:
        """The township tells the time. It counts only while ours is not trusted and its is."""
        offered_s = offer.time.timestamp()
        if self._clock.trusted() or not offer.clocktrusted or offered_s < SOFTWARE_EPOCH_S:
            return
        if not isinstance(self._clock, Adjustable):
            return
        off_s = offered_s - self._clock.wall()
        if abs(off_s) <= AGREES_S:
            self._clock.trust()
        else:
            log.warning("clock adopted=township off_by_s=%.0f", off_s)
            self._clock.adopt(offered_s)
        self._on_change()
        self.tick()

    def tick(self) -> None:
        """Correct the memory as soon as the clock is trusted; cheap, call it often."""
        now = self._clock.stamp()
        if self._done or not now.trusted:
            return
        try:
            corrected = self._memory.restamp(now)
        except StoreError as error:
            log.warning("times not corrected reason=%s", error)
            return
        self._done = True
        if corrected:
            log.info("times corrected=%d boot=%s", corrected, now.boot_id)
            self._on_change()
