"""Telling the pages that something changed: a small bus, from any thread to any open browser."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

QUEUE_LENGTH = 64
"""A page that reads slower than this loses the oldest hints; it reloads the list anyway."""


@dataclass(frozen=True, slots=True)
class Change:
    """A hint, never data: what kind of thing changed and which one.

    Attributes:
        topic: `incident`, `evidence`, `play`, `camera`, `hub`, `link` or `closing`.
        id: Of the thing that changed.
    """

    topic: str
    id: str = ""


class Bus:
    """Hands every `Change` to all who listen now. Publishing never blocks and never fails."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Queue[Change]]] = set()
        self._closed = False

    def publish(self, change: Change) -> None:
        """Tell everybody; may be called from any thread."""
        with self._lock:
            listeners = list(self._listeners)
        for loop, queue in listeners:
            try:
                loop.call_soon_threadsafe(_offer, queue, change)
            except RuntimeError:  # that loop is closed: its listener is gone
                continue

    def close(self) -> None:
        """End every open iteration, so that the web server can stop."""
        self._closed = True
        self.publish(Change("closing"))

    async def listen(self) -> AsyncIterator[Change]:
        """Iterate over changes from now on, until `close`."""
        queue: asyncio.Queue[Change] = asyncio.Queue(QUEUE_LENGTH)
        entry = (asyncio.get_running_loop(), queue)
        with self._lock:
            self._listeners.add(entry)
        try:
            while not self._closed:
                change = await queue.get()
                if change.topic == "closing":
                    return
                yield change
        finally:
            with self._lock:
                self._listeners.discard(entry)


def _offer(queue: asyncio.Queue[Change], change: Change) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(change)
