"""A real PostgreSQL of the test's own, from the machine's programs: on a free port, gone after.

Take the fixture `postgres` (one fast server for the whole run) and call `postgres.database()` for
an empty database, or `postgres.township()` for one whose tables are there. Tests that pull the plug
make a `Postgres(durable=True)` of their own and use `kill` and `start`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.fakes.broker import a_port
from tests.requirements import need_module, need_postgresql
from tests.waiting import wait_for

OWNER = "township"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal")
SMALL = (
    *("shared_buffers=32MB", "max_connections=60", "max_wal_senders=0"),
    *("unix_socket_directories=", "listen_addresses=127.0.0.1", "log_min_messages=warning"),
)
TEMPLATE = "ready_made"


class Postgres:
    """One server with its own folder and port.

    Attributes:
        port: On 127.0.0.1; the same after a restart.
    """

    def __init__(self, *, durable: bool = False) -> None:
        """Make the cluster; `start` runs it.

        Args:
            durable: Write to the disk at every commit, as on a real server.
        """
        need_module("psycopg")
        self._programs = need_postgresql()
        self._settings = SMALL if durable else (*SMALL, *FAST)
        self._as = _somebody()
        self._folder = Path(tempfile.mkdtemp(prefix="village-postgres-"))
        if self._as:
            shutil.chown(self._folder, self._as["user"], self._as["group"])
        self.port = a_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._has_template = False
        made = self._run("initdb", "-D", "data", "-U", OWNER, "-A", "trust", "-E", "UTF8",
                         "--no-locale", "--no-sync")  # fmt: skip
        assert made.returncode == 0, made.stderr.decode()

    def start(self) -> None:
        """Run the server, also after `kill`, when the old one's children may still be leaving."""

        def up() -> bool:
            if self._server is None or self._server.poll() is not None:
                self._launch()
            probe = self._run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q")
            return probe.returncode == 0

        wait_for(up, timeout_s=60, what="PostgreSQL")

    def kill(self) -> None:
        """Stop at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop in order."""
        self._end(signal.SIGINT)

    def remove(self) -> None:
        """Stop and take the folder away."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str = "postgres") -> str:
        """SQLAlchemy's URL of a database."""
        return f"postgresql+psycopg://{OWNER}@127.0.0.1:{self.port}/{name}"

    def database(self) -> str:
        """Make an empty database and give its URL."""
        return self._create("")

    def township(self) -> str:
        """Make a database with the township's newest tables, quicker than migrating each time."""
        from edge.clock import SimulatedClock
        from edge.township.store import Store

        if not self._has_template:
            self._say(f"CREATE DATABASE {TEMPLATE}")
            Store(self.url(TEMPLATE), SimulatedClock()).close()
            self._has_template = True
        return self._create(f" TEMPLATE {TEMPLATE}")

    def _create(self, like: str) -> str:
        self._count += 1
        name = f"township{self._count}"
        self._say(f"CREATE DATABASE {name}{like}")
        return self.url(name)

    def _say(self, statement: str) -> None:
        engine = sa.create_engine(
            self.url(), isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _launch(self) -> None:
        options = [word for one in self._settings for word in ("-c", one)]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", "data", "-p", str(self.port), *options],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                **self._as,
            )

    def _end(self, number: signal.Signals) -> None:
        if self._server is None:
            return
        if self._server.poll() is None:
            self._server.send_signal(number)
        self._server.wait(30)
        self._server = None

    def _run(self, program: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._programs / program, *words],
            check=False,
            capture_output=True,
            cwd=self._folder,
            **self._as,
        )


def _somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: become somebody else there."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server for the whole run; its settings are fast, not durable."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()
