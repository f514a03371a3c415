"""Many villages in one process: one selector, one connection each."""

from __future__ import annotations

import random
import selectors
import time
from collections.abc import Callable

from edge.errors import LinkError
from edge.simulate.village import Village

AGAIN_S = 1.0
BEAT_S = 30.0
TOGETHER = 50
"""Connections begun at once; a broker's queue of new ones is short."""


class Swarm:
    """Villages that live as long as `run` is called.

    Attributes:
        waits: Seconds from the making of each event to the township's word that it is stored.
        stored: How many events that word was heard of.
    """

    def __init__(self, hubs: int, cameras: int, address: tuple[str, int], *, seed: int = 1) -> None:
        chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.waits: list[float] = []
        self.stored = 0
        self.villages = [
            Village(
                f"sim-{number:05d}",
                cameras // hubs + (number < cameras % hubs),
                address,
                chance,
                self._note,
            )
            for number in range(hubs)
        ]
        self._chance = chance
        self._selector = selectors.DefaultSelector()
        self._again = [(0.0, village) for village in self.villages]
        self._beats = 0.0
        self._next_beat = 0

    @property
    def connected(self) -> int:
        return sum(village.connected for village in self.villages)

    @property
    def made(self) -> int:
        return sum(village.made for village in self.villages)

    @property
    def unacknowledged(self) -> int:
        return sum(village.unacknowledged for village in self.villages)

    @property
    def reconnects(self) -> int:
        return sum(village.reconnects for village in self.villages)

    def close(self) -> None:
        for village in self.villages:
            self._drop(village, 0.0)
        self._selector.close()

    def happen(self, count: int) -> None:
        """Let something happen in this many villages, drawn by chance."""
        now, wall_s = time.monotonic(), time.time()
        for village in self._chance.choices(self.villages, k=count):
            village.happen(now, wall_s)
            self._guarded(village, village.send)

    def fill(self, each: int) -> int:
        """Let something happen everywhere while nothing is sent yet; `release` sends it."""
        wall_s = time.time()
        for village in self.villages:
            for _ in range(each):
                village.happen(0.0, wall_s)
        return each * len(self.villages)

    def release(self) -> None:
        for village in self.villages:
            self._guarded(village, village.send)

    def run(
        self, seconds: float, *, rate: float = 0.0, enough: Callable[[], bool] | None = None
    ) -> None:
        """Live for a while.

        Args:
            seconds: At most.
            rate: Events a second, over all villages.
            enough: Asked now and then; ends it early.
        """
        began = time.monotonic()
        happened = 0
        while (now := time.monotonic()) - began < seconds:
            due = int((now - began) * rate) - happened
            if due > 0:
                self.happen(due)
                happened += due
            self._connect(now)
            self._beat(now)
            for key, mask in self._selector.select(0.01 if not rate else min(0.01, 1 / rate)):
                self._serve(key.data, mask)
            if enough is not None and enough():
                return

    def _serve(self, village: Village, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            self._guarded(village, lambda: village.receive(time.monotonic()))
        if village.socket is None:
            return
        self._guarded(village, village.flush)

    def _connect(self, now: float) -> None:
        due = [village for at, village in self._again if at <= now][:TOGETHER]
        if not due:
            return
        begun = set(map(id, due))
        self._again = [one for one in self._again if id(one[1]) not in begun]
        for village in due:
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._selector.register(village.open(), both, village)
            village.watched_for_output = True

    def _beat(self, now: float) -> None:
        """Spread over the interval, as they are in the field."""
        if now < self._beats:
            return
        village = self.villages[self._next_beat % len(self.villages)]
        self._next_beat += 1
        self._beats = now + BEAT_S / len(self.villages)
        self._guarded(village, village.beat)

    def _guarded(self, village: Village, step: Callable[[], None]) -> None:
        try:
            step()
        except BlockingIOError:
            pass
        except (OSError, LinkError):
            village.reconnects += 1
            self._drop(village, AGAIN_S * (0.5 + self._chance.random()))
        if village.socket is not None and village.has_output != village.watched_for_output:
            village.watched_for_output = village.has_output
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            wanted = both if village.has_output else selectors.EVENT_READ
            self._selector.modify(village.socket, wanted, village)

    def _drop(self, village: Village, after_s: float) -> None:
        if village.socket is not None:
            self._selector.unregister(village.socket)
        village.close()
        self._again.append((time.monotonic() + after_s, village))

    def _note(self, wait_s: float) -> None:
        self.stored += 1
        self.waits.append(wait_s)
