"""A real mosquitto, started for a test on a port of its own and stopped by its process id."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
from pathlib import Path

from tests.fakes.broker_certificates import Identity
from tests.requirements import need
from tests.waiting import wait_for


def a_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Mosquitto:
    """A broker without persistence: a kill forgets every session and message."""

    def __init__(
        self, folder: Path, *, acl: str = "", port: int = 0, identity: Identity | None = None
    ) -> None:
        """With an identity: mutual TLS, and the common name is user name and client id."""
        self.port = port or a_port()
        self._program = need("mosquitto")
        self._config = folder / "mosquitto.conf"
        self._log = folder / "mosquitto.log"
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if identity else 'true'}",
            "persistence false",
            "set_tcp_nodelay true",
            "log_dest stderr",
            f"user {pwd.getpwuid(os.getuid()).pw_name}",
        ]
        if identity is not None:
            lines[1:1] = [
                f"cafile {identity.ca}",
                f"certfile {identity.certificate}",
                f"keyfile {identity.key}",
                "require_certificate true",
                "use_identity_as_username true",
                "use_username_as_clientid true",
            ]
        if acl:
            rules = folder / "acl"
            rules.write_text(acl, encoding="utf-8")
            rules.chmod(0o600)
            lines.append(f"acl_file {rules}")
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._config)], stdout=log, stderr=log
            )
        wait_for(lambda: listens(self.port), what="mosquitto")

    def reload(self, acl: str) -> None:
        """Replace the access list while it runs."""
        assert self._process is not None
        (self._config.parent / "acl").write_text(acl, encoding="utf-8")
        self._process.send_signal(signal.SIGHUP)

    def pause(self) -> None:
        """Freeze it: the network is open, nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """What a power cut does to it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
            self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(5)
            self._process = None
