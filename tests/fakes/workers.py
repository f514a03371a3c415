"""A real vision worker process and its line, as the supervisor holds them."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from tests.requirements import REPOSITORY
from vision.reports import (
    LENGTHS,
    CameraReport,
    Heartbeat,
    Report,
    encode,
    lengths,
    report_from_message,
)
from vision.settings import WorkerSpec

R = TypeVar("R")


class Line:
    """Reads reports from a socket, a part at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._data = bytearray()
        self.seen: list[Report] = []
        self.ended = False

    def read(self, timeout_s: float) -> None:
        """Take what arrives within the time-out, if anything does."""
        if self.ended or not select.select([self._end], [], [], timeout_s)[0]:
            return
        part = self._end.recv(1 << 16)
        self.ended = not part
        self._data += part
        while len(self._data) >= LENGTHS.size:
            header, body = lengths(bytes(self._data[: LENGTHS.size]))
            whole = LENGTHS.size + header + body
            if len(self._data) < whole:
                return
            text = bytes(self._data[LENGTHS.size : LENGTHS.size + header])
            self.seen.append(
                report_from_message(text, bytes(self._data[LENGTHS.size + header : whole]))
            )
            del self._data[:whole]

    def until(self, condition: Callable[[list[Report]], R], timeout_s: float = 20.0) -> R:
        """Read until the condition on all reports so far is truthy; its value."""
        deadline = time.monotonic() + timeout_s
        while not (value := condition(self.seen)):
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"waited {timeout_s} s in vain; last: {self.seen[-1:]}"
            assert not self.ended, f"the worker ended; last: {self.seen[-1:]}"
            self.read(min(left_s, 0.2))
        return value


def read_reports(end: socket.socket, until: Callable[[list[Report]], bool]) -> list[Report]:
    line = Line(end)
    line.until(until)
    return line.seen


class VisionWorker:
    """`python -m vision.worker` with one end of a socket pair."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec

    def __enter__(self) -> Self:
        self.end, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vision.worker", "--fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=REPOSITORY,
                stderr=subprocess.PIPE,
                text=True,
            )
        self.line = Line(self.end)
        self.end.sendall(encode(self._spec.to_json()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def hang_up(self) -> None:
        """Say that we want no more: the worker should leave."""
        self.end.shutdown(socket.SHUT_WR)

    def last(self, camera: str) -> CameraReport | None:
        """The newest word on a camera."""
        for report in reversed(self.line.seen):
            if isinstance(report, CameraReport) and report.camera == camera:
                return report
            if isinstance(report, Heartbeat):
                for inside in report.cameras:
                    if inside.camera == camera:
                        return inside
        return None
