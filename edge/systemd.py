"""Talking to systemd: ready, status, watchdog; silent where nobody listens.

The protocol is sd_notify(3): datagrams of `NAME=value` lines to the socket `NOTIFY_SOCKET`.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger(__name__)


def watchdog_interval_s(environ: Mapping[str, str], pid: int | None = None) -> float | None:
    """How often to say that we live: half of what systemd allows; None if nobody watches.

    Args:
        environ: Where `WATCHDOG_USEC` and `WATCHDOG_PID` are.
        pid: This process, if not the real one; a watchdog for another process is not ours.
    """
    try:
        allowed_us = int(environ.get("WATCHDOG_USEC", "0"))
        watched = int(environ.get("WATCHDOG_PID", "0"))
    except ValueError:
        return None
    mine = watched in {0, os.getpid() if pid is None else pid}
    return allowed_us / 2e6 if mine and allowed_us > 0 else None


def state_directory(environ: Mapping[str, str]) -> Path | None:
    """The first `StateDirectory=` of the unit."""
    first = environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(first) if first else None


def credentials_directory(environ: Mapping[str, str]) -> Path | None:
    """Where `LoadCredential=` put the secrets."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    return Path(folder) if folder else None


class Notifier:
    """Tells systemd how we are. No method blocks or raises.

    Args:
        environ: Where `NOTIFY_SOCKET` is; without it every method does nothing.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")

    @property
    def listening(self) -> bool:
        """Whether somebody wants to hear us."""
        return self._address[:1] in {"/", "@"}

    def ready(self, status: str = "") -> None:
        """We have started."""
        self._send("READY=1", status)

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send("", text)

    def watchdog(self) -> None:
        """We live; only to be called while everything essential does."""
        self._send("WATCHDOG=1")

    def stopping(self, status: str = "") -> None:
        """We are going down in order."""
        self._send("STOPPING=1", status)

    def _send(self, message: str, status: str = "") -> None:
        if not self.listening:
            return
        if status:
            message = f"{message}\nSTATUS={' '.join(status.splitlines())}".lstrip("\n")
        # A leading @ stands for the zero byte of Linux's abstract name space.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.connect(address)
                sender.sendall(message.encode())
        except OSError as error:
            log.warning("systemd.unheard message=%s error=%s", message.split("=")[0], error)
