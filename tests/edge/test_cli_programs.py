"""The long-running commands and the documents, from the command line as people start them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.cli import run
from edge.link import schema
from edge.settings.document import settings_reference
from tests.waiting import wait_for

CONFIGURATIONS = {
    "hub": '[hub]\nid="a"\nvillage="林家村"\ntownship="t"\n[broadcast]\nvoice="silent"\n',
    "township": '[township]\nid="t"\nname="青山镇"\n',
}


@contextmanager
def started(
    program: str, folder: Path, web_port: int, notify: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A program with a state folder of its own, killed at the end if it still runs."""
    config = folder / f"{program}.toml"
    config.write_text(
        f"{CONFIGURATIONS[program]}[web]\nport = {web_port}\n[link]\nport = 9\n", encoding="utf-8"
    )
    environ = {**os.environ, "LC_ALL": "C.UTF-8"}
    if notify is not None:
        environ["NOTIFY_SOCKET"] = str(notify)
        environ["WATCHDOG_USEC"] = "400000"
    command = [sys.executable, "-m", "edge", program, "--config", str(config)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize("program", sorted(CONFIGURATIONS))
def test_a_program_tells_systemd_how_it_is(program: str, tmp_path: Path) -> None:
    """Ready when the pages are open, alive while it is well, and an orderly end on SIGTERM."""
    heard: list[str] = []

    def hear(wanted: str) -> bool:
        heard.append(server.recv(4096).decode().splitlines()[0])
        return wanted in heard

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        server.settimeout(40)
        with started(program, tmp_path, 0, tmp_path / "notify") as child:
            wait_for(lambda: hear("READY=1"), timeout_s=60, what="READY=1")
            wait_for(lambda: hear("WATCHDOG=1"), timeout_s=60, what="WATCHDOG=1")
            child.send_signal(signal.SIGTERM)
            wait_for(lambda: hear("STOPPING=1"), timeout_s=60, what="STOPPING=1")
            assert child.wait(timeout=20) == 0
            assert child.stderr is not None
            assert "Traceback" not in child.stderr.read()


@pytest.mark.parametrize("program", sorted(CONFIGURATIONS))
def test_a_port_in_use_is_one_sentence(program: str, tmp_path: Path) -> None:
    """Another program on the port: a sentence on stderr, status 1, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with started(program, tmp_path, port) as child:
            _, said = child.communicate(timeout=60)
    assert child.returncode == 1
    assert f"Port {port} is already in use" in said.splitlines()[-1]
    assert "Traceback" not in said


@pytest.mark.parametrize("program", sorted(CONFIGURATIONS))
def test_a_state_folder_in_the_way_is_one_sentence(program: str, tmp_path: Path) -> None:
    """A file where the folder should be: a sentence on stderr, status 1, no traceback."""
    (tmp_path / "state").write_text("")
    with started(program, tmp_path, 0) as child:
        _, said = child.communicate(timeout=60)
    assert child.returncode == 1
    assert str(tmp_path / "state") in said.splitlines()[-1]
    assert "Traceback" not in said


def test_schema_prints_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Both documents of the contract in one object, for scripts."""
    assert run(["schema"], {}) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["asyncapi"]["asyncapi"] == "3.0.0"
    assert "IncidentEvent" in shown["messages.schema"]["$defs"]


def test_schema_writes_every_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--out` renews what is committed: the contract and the reference of the settings."""
    folder = tmp_path / "new" / "folder"
    assert run(["schema", "--out", str(folder), "--lang", "zh"], {}) == 0
    assert f"已写入：{folder / 'asyncapi.json'}" in capsys.readouterr().out
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert written == {**schema.documents(), "settings.md": settings_reference()}


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in the way of `--out` gives words and status 1."""
    (tmp_path / "x").write_text("")
    assert run(["schema", "--out", str(tmp_path / "x")], {}) == 1
    assert str(tmp_path / "x") in capsys.readouterr().err
