"""What workers have stored, told to the console, so that open pages show it at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

from edge.events import Bus, Change

MOST = 64
"""Changes of one message that are named; pages ask for the list anyway."""

_TOPICS = frozenset({"incident", "evidence", "play", "hub"})


class News(Bus):
    """A bus whose listeners sit in another process; `flush` sends what gathered."""

    def __init__(self) -> None:
        super().__init__()
        self._gathering = threading.Lock()
        self._gathered: dict[Change, None] = {}

    def publish(self, change: Change) -> None:
        with self._gathering:
            if len(self._gathered) < MOST:
                self._gathered[change] = None
            else:
                self._gathered[Change(change.topic)] = None

    def flush(self, send: Callable[[bytes], None]) -> None:
        """Send what happened since the last time, if anything did."""
        with self._gathering:
            changes, self._gathered = self._gathered, {}
        if changes:
            send(json.dumps([[one.topic, one.id] for one in changes]).encode())


def hear_news(bus: Bus, payload: bytes) -> None:
    """Pass on what a worker told; what is not understood is no news."""
    try:
        told = json.loads(payload)
    except ValueError:
        return
    for one in told if isinstance(told, list) else ():
        match one:
            case [str(topic), str(id_)] if topic in _TOPICS:
                bus.publish(Change(topic, id_[:64]))
