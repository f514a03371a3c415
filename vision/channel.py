"""The worker's end of the line to its supervisor: one file descriptor, both ways."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from queue import SimpleQueue
from threading import Event, Lock, Thread

from vision.errors import ProtocolError
from vision.reports import LENGTHS, Heartbeat, IncidentReport, Report, lengths, report_to_message
from vision.settings import WorkerSpec

MOST_WAITING = 200
"""With more reports waiting, heartbeats are left out; incidents never are."""

MOST_REPORTS = 5000
MOST_PICTURE_BYTES = 16 << 20
"""With more bytes of pictures waiting, incidents go without theirs."""

log = logging.getLogger(__name__)


def read_exactly(fd: int, size: int) -> bytes:
    """Read `size` bytes.

    Raises:
        ProtocolError: The line ended before.
    """
    parts = bytearray()
    while len(parts) < size:
        part = os.read(fd, min(size - len(parts), 1 << 16))
        if not part:
            raise ProtocolError("The line to the supervisor ended in the middle of a message.")
        parts += part
    return bytes(parts)


def read_spec(fd: int) -> WorkerSpec:
    """Wait for the first message and read it.

    Raises:
        ProtocolError: It is not a `WorkerSpec`.
    """
    header, body = lengths(read_exactly(fd, LENGTHS.size))
    text = read_exactly(fd, header)
    read_exactly(fd, body)
    try:
        return WorkerSpec.from_json(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"The worker's orders cannot be read: {error}") from error


class Outbox:
    """Writes reports from a thread of its own, so that a slow reader never stops the eyes."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting: SimpleQueue[Report | None] = SimpleQueue()
        self._broken = Event()
        self._lock = Lock()
        self._picture_bytes = 0
        self._thread = Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    @property
    def broken(self) -> bool:
        """The supervisor is gone."""
        return self._broken.is_set()

    def send(self, report: Report) -> None:
        """Queue a report; returns at once."""
        waiting = self._waiting.qsize()
        if isinstance(report, Heartbeat) and waiting > MOST_WAITING:
            return
        if waiting >= MOST_REPORTS:
            # Whoever has read nothing for so long reads no more; the worker starts anew.
            self._broken.set()
            return
        if isinstance(report, IncidentReport):
            report = self._afforded(report)
        self._waiting.put(report)

    def _afforded(self, report: IncidentReport) -> IncidentReport:
        """The report with its picture while there is room: an incident counts more than that."""
        with self._lock:
            if self._picture_bytes + len(report.jpeg) > MOST_PICTURE_BYTES:
                return replace(report, jpeg=b"")
            self._picture_bytes += len(report.jpeg)
        return report

    def close(self, timeout_s: float) -> None:
        """Write what is waiting, for at most `timeout_s`."""
        self._waiting.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (report := self._waiting.get()) is not None:
            try:
                if isinstance(report, IncidentReport):
                    with self._lock:
                        self._picture_bytes -= len(report.jpeg)
                self._write(report_to_message(report))
            except ProtocolError:
                log.exception("report_too_large kind=%s", type(report).__name__)
            except OSError:
                self._broken.set()
                return

    def _write(self, message: bytes) -> None:
        view = memoryview(message)
        while view:
            view = view[os.write(self._fd, view) :]
