"""What switches an amplifier: a GPIO line, a file, or a command."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from broadcast.errors import SpeakerError

COMMAND_LIMIT_S = 2.0

GET_LINE = 0xC250B407
"""`GPIO_V2_GET_LINE_IOCTL` of linux/gpio.h, which has not changed since Linux 5.10."""
SET_VALUES = 0xC010B40F
ACTIVE_LOW = 1 << 1
OUTPUT = 1 << 3
LINE_REQUEST = struct.Struct("=64I32sQI5I240xII5Ii")
LINE_VALUES = struct.Struct("=QQ")

Ioctl = Callable[[int, int, bytes], bytes]


class Relay(Protocol):
    """Two states and nothing else."""

    def switch(self, *, on: bool) -> None:
        """Put it into a state, whatever it was in.

        Raises:
            SpeakerError: It could not be switched.
        """
        ...


class FileRelay:
    """Writes `1` or `0` into a file, such as `/sys/class/leds/relay/brightness`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def switch(self, *, on: bool) -> None:
        try:
            self._path.write_text("1" if on else "0", encoding="ascii")
        except OSError as error:
            raise _stuck(str(self._path), error.strerror or str(error)) from error


class CommandRelay:
    """Runs a command with `on` or `off` behind its arguments; no shell."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)

    def switch(self, *, on: bool) -> None:
        try:
            subprocess.run(
                [*self._command, "on" if on else "off"],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_LIMIT_S,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise _stuck(self._command[0], str(error)) from error


class GpioRelay:
    """One line of a GPIO chip; the kernel lets go of it when this process dies.

    Args:
        chip: `/dev/gpiochip0`.
        line: Number of the line on it.
        active_low: Whether the relay is on when the line is low.
    """

    def __init__(
        self, chip: Path, line: int, *, active_low: bool = False, ioctl: Ioctl = fcntl.ioctl
    ) -> None:
        self._chip = chip
        self._line = line
        self._flags = OUTPUT | (ACTIVE_LOW if active_low else 0)
        self._ioctl = ioctl
        self._handle: int | None = None

    def switch(self, *, on: bool) -> None:
        try:
            if self._handle is None:
                self._handle = self._request()
            self._ioctl(self._handle, SET_VALUES, LINE_VALUES.pack(int(on), 1))
        except OSError as error:
            where = f"{self._chip}:{self._line}"
            raise _stuck(where, error.strerror or str(error)) from error

    def _request(self) -> int:
        lines = [self._line] + [0] * 63
        request = LINE_REQUEST.pack(
            *lines, b"village-hub", self._flags, 0, *[0] * 5, 1, 0, *[0] * 5, 0
        )
        chip = os.open(self._chip, os.O_RDWR | os.O_CLOEXEC)
        try:
            return int(LINE_REQUEST.unpack(self._ioctl(chip, GET_LINE, request))[-1])
        finally:
            os.close(chip)


def _stuck(what: str, error: str) -> SpeakerError:
    return SpeakerError(
        f"The switch of the amplifier ({what}) does not work: {error}. Check its wiring and the "
        "settings of the amplifier."
    )
