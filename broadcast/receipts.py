"""Bring receipts to whoever wants them, in order, without the sound ever waiting for them."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from broadcast.announcements import Receipt
from broadcast.beat import Beat

log = logging.getLogger(__name__)

IDLE_S = 0.5


class ReceiptPost:
    """A thread that hands receipts over, one after another.

    Args:
        deliver: Called with each receipt; what it raises is logged, and the next one follows.
        now: Seconds, monotonic.
    """

    def __init__(self, deliver: Callable[[Receipt], None], now: Callable[[], float]) -> None:
        self._deliver = deliver
        self._queue: queue.SimpleQueue[Receipt | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="broadcast-receipts", daemon=True)
        self._beat = Beat(now)

    def start(self) -> None:
        self._beat.give()
        self._thread.start()

    def post(self, receipt: Receipt) -> None:
        """Hand over soon; returns at once."""
        self._queue.put(receipt)

    def fresh(self, max_age_s: float) -> bool:
        return self._thread.is_alive() and self._beat.age_s <= max_age_s

    def close(self, timeout_s: float) -> None:
        """Hand over what is left, within the time."""
        if not self._thread.is_alive():
            return
        self._queue.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.error("receipts not handed over left=%d", self._queue.qsize())

    def _run(self) -> None:
        while True:
            self._beat.give()
            try:
                receipt = self._queue.get(timeout=IDLE_S)
            except queue.Empty:
                continue
            if receipt is None:
                return
            try:
                self._deliver(receipt)
            except Exception:
                log.exception(
                    "receipt refused announcement=%s state=%s", receipt.announcement, receipt.state
                )
