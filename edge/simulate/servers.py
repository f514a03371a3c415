"""A broker and a database of the simulation's own: on free ports, ended by their process ids."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from edge.errors import StartError

OWNER = "township"
DATABASE = "township"
_BROKER = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
max_queued_messages 100000
max_inflight_messages 400
max_connections -1
log_dest file {log}
log_type error
log_type warning
user {user}
"""
_SETTINGS = (
    *("shared_buffers=256MB", "max_connections=60", "max_wal_senders=0", "max_wal_size=2GB"),
    *("unix_socket_directories=", "listen_addresses=127.0.0.1", "log_min_messages=error"),
)


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Look again and again until it is so.

    Raises:
        StartError: It took too long.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise StartError(f"{what} did not come up within {timeout_s:.0f} seconds.")
        time.sleep(0.05)


def program(name: str, package: str) -> str:
    """Path of a program.

    Raises:
        StartError: It is not installed; the sentence says how to get it.
    """
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
    places += [
        str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    ]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise StartError(
            f"The program {name} is not on this machine. Install it with `apt install {package}`, "
            "or give the address of a server that runs."
        )
    return str(Path(found).resolve())


class Server(ABC):
    """A process that can be started, killed like by a power cut, and started again."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Begin, or begin again after a kill."""

    def kill(self) -> None:
        """As a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In order."""
        self._end(signal.SIGINT)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process = None


class Broker(Server):
    """mosquitto without persistence: a kill forgets every session and message."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.port = free_port()
        self._program = program("mosquitto", "mosquitto")
        self._config = folder / "mosquitto.conf"
        user = pwd.getpwuid(os.getuid()).pw_name
        text = _BROKER.format(port=self.port, log=folder / "mosquitto.log", user=user)
        self._config.write_text(text, encoding="utf-8")

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self._program, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: listens(self.port), "mosquitto")


class Database(Server):
    """PostgreSQL that writes to the disk at every commit, as on a real server."""

    def __init__(self) -> None:
        super().__init__()
        self._initdb = program("initdb", "postgresql")
        self._programs = Path(self._initdb).parent
        self._as = _somebody()
        self.folder = Path(tempfile.mkdtemp(prefix="village-simulate-"))
        if self._as:
            shutil.chown(self.folder, self._as["user"], self._as["group"])
        self.port = free_port()
        self._run("initdb", "-D", "data", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-locale")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{OWNER}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        def up() -> bool:
            # After a kill, children of the old one may still be leaving; then it is tried again.
            if self.process is None or self.process.poll() is not None:
                self._launch()
            return self._run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q")

        until(up, "PostgreSQL")

    def create(self) -> None:
        """Make the database in it."""
        engine = sa.create_engine(
            f"postgresql+psycopg://{OWNER}@127.0.0.1:{self.port}/postgres",
            isolation_level="AUTOCOMMIT",
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {DATABASE}")
        engine.dispose()

    def remove(self) -> None:
        """Stop and take the folder away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self) -> None:
        options = [word for one in _SETTINGS for word in ("-c", one)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._programs / "postgres", "-D", "data", "-p", str(self.port), *options],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                **self._as,
            )

    def _run(self, name: str, *words: str) -> bool:
        done = subprocess.run(
            [self._programs / name, *words],
            check=False,
            capture_output=True,
            cwd=self.folder,
            **self._as,
        )
        return done.returncode == 0


def _somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: become somebody else there."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
