"""The township's real programs as processes: a console, and workers that store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from edge.simulate.servers import Server, free_port, listens, until

TOWNSHIP = "simulated"

_SETTINGS = """\
[township]
id = "{township}"
name = "模拟镇"
[state]
folder = {folder}
[web]
port = {web}
[link]
host = {host}
port = {port}
username = {user}
ingest = "workers"
[database]
url = {url}
"""


def write_settings(folder: Path, broker: tuple[str, int], url: str) -> tuple[Path, int]:
    """`township.toml` and the port of the pages."""
    web = free_port()
    state = folder / "township"
    state.mkdir(exist_ok=True)
    file = folder / "township.toml"
    text = _SETTINGS.format(
        township=TOWNSHIP,
        folder=json.dumps(str(state)),
        web=web,
        host=json.dumps(broker[0]),
        port=broker[1],
        user='"township"',
        url=json.dumps(url),
    )
    file.write_text(text, encoding="utf-8")
    return file, web


class Program(Server):
    """`village-hub …` as a process of its own."""

    module = "edge"

    def __init__(self, words: list[str], log: Path) -> None:
        super().__init__()
        self._words = words
        self._log = log

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self._words],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def stop(self) -> None:
        self._end(signal.SIGTERM)


def a_console(settings: Path, web: int) -> Program:
    """The console, started and answering."""
    made = Program(["township", "--config", str(settings)], settings.parent / "console.log")
    made.start()
    until(lambda: listens(web), "The console", timeout_s=120)
    return made


def a_worker(settings: Path, number: int) -> Program:
    """A worker that stores, started."""
    name = f"ingest-{number}"
    words = ["township", "ingest", "--worker", name, "--config", str(settings)]
    made = Program(words, settings.parent / f"{name}.log")
    made.start()
    return made


def wait_for_workers(settings: Path, count: int) -> None:
    """Until all of them listen; a broker forgets what nobody listens to.

    Raises:
        StartError: One of them did not come up.
    """

    def all_listen() -> bool:
        logs = [settings.parent / f"ingest-{number}.log" for number in range(1, count + 1)]
        return all("link connected" in log.read_text(encoding="utf-8") for log in logs)

    until(all_listen, "A worker", timeout_s=120)


def memory_mb(pid: int) -> float:
    """Memory of a process and its children that is theirs alone or their share; 0 if unknown."""
    total = 0
    for one in (pid, *_children(pid)):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]
