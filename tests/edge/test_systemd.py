"""Talking to systemd over a real socket, and the paths it gives."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.systemd import (
    Notifier,
    credentials_directory,
    state_directory,
    watchdog_interval_s,
)


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """What systemd does: a datagram socket in the file system or the abstract name space."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@vh-{uuid.uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(name if name[0] == "/" else "\0" + name[1:])
        server.settimeout(5)
        yield name, server


def test_systemd_hears_how_we_are(listener: tuple[str, socket.socket]) -> None:
    """Ready, status, watchdog and stopping arrive as systemd spells them."""
    name, server = listener
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.ready("2 cameras")
    assert server.recv(999) == b"READY=1\nSTATUS=2 cameras"
    notifier.status("岸边\nREADY=1")
    assert server.recv(999).decode() == "STATUS=岸边 READY=1", "a status cannot say anything else"
    notifier.watchdog()
    assert server.recv(999) == b"WATCHDOG=1"
    notifier.stopping()
    assert server.recv(999) == b"STOPPING=1"


@pytest.mark.parametrize("name", ["", "vsock:2:1234", "/nowhere/notify", "@nobody-listens-here"])
def test_nobody_listening_is_no_error(name: str) -> None:
    """Without systemd, or with a dead socket, nothing happens."""
    notifier = Notifier({"NOTIFY_SOCKET": name} if name else {})
    notifier.ready()
    notifier.watchdog()
    assert notifier.listening == name.startswith(("/", "@"))


def test_a_full_socket_does_not_block(tmp_path: Path) -> None:
    """When systemd does not read, telling it returns at once."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "s"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "s")})
        for _ in range(2000):
            notifier.watchdog()


def test_the_watchdog_is_fed_twice_as_often_as_needed() -> None:
    """WATCHDOG_USEC is halved; it counts only for the process it names."""
    assert watchdog_interval_s({"WATCHDOG_USEC": "60000000"}) == 30.0
    assert watchdog_interval_s({"WATCHDOG_USEC": "500000"}) == 0.25
    mine = {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}
    assert watchdog_interval_s(mine) == 1.0
    assert watchdog_interval_s({**mine, "WATCHDOG_PID": "1"}, pid=2) is None
    assert watchdog_interval_s({}) is None
    assert watchdog_interval_s({"WATCHDOG_USEC": "soon"}) is None


def test_paths_come_from_the_unit() -> None:
    """State and credentials folders are read from what systemd sets."""
    assert state_directory({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}) == Path("/var/lib/a")
    assert credentials_directory({"CREDENTIALS_DIRECTORY": "/run/c"}) == Path("/run/c")
    assert state_directory({}) is None
    assert credentials_directory({}) is None
