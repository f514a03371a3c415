"""The programs of the house as a user starts them, and what can be seen of them from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import wave
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from edge.link.signing import SigningKey
from tests.requirements import REPOSITORY
from tests.waiting import wait_for

HUB, TOWNSHIP, KEY_ID = "lin-jia-cun", "qing-shan-zhen", "zhen-zhang"
PASSWORD = "correct horse battery"
METRICS_TOKEN = "a-token-for-prometheus"
STOP_S = 8.0
"""The house promises to stop within 5 s; a loaded machine gets a little more."""


class Program:
    """`village-hub …` in a session of its own, with its output in files."""

    def __init__(self, folder: Path, name: str, *arguments: str, lang: str = "en") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        life = 1 + len(list(folder.glob(f"{name}.*.log")))
        self.name = f"{name}.{life}"
        self._out, self._log = folder / f"{self.name}.out", folder / f"{self.name}.log"
        environ = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
        with self._out.open("ab") as out, self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge", *arguments, "--lang", lang],
                cwd=REPOSITORY,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        return self._out.read_text(encoding="utf-8")

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def said(self, pattern: str) -> list[re.Match[str]]:
        """Every place in the log that matches."""
        return list(re.finditer(pattern, self.log))

    def said_at(self, pattern: str) -> list[float]:
        """Wall times of the log's lines that contain a match."""
        lines = (line for line in self.log.splitlines() if re.search(pattern, line))
        return [datetime.fromisoformat(line.split(" ", 1)[0]).timestamp() for line in lines]

    def until_said(self, pattern: str, timeout_s: float = 30.0) -> re.Match[str]:
        """Wait for a line of the log."""

        def answer() -> list[re.Match[str]]:
            found = self.said(pattern)
            assert found or self.running, f"{self.name} ended: {self.log[-2000:]}"
            return found

        return wait_for(answer, timeout_s=timeout_s, what=f"{pattern!r} of {self.name}")[0]

    def ended(self, timeout_s: float = STOP_S) -> int:
        """Wait for its end; the exit status."""
        return self.process.wait(timeout_s)

    def stop(self) -> int:
        """Ask it to stop, as systemd does; the exit status."""
        self.process.terminate()
        return self.ended()

    def interrupt(self) -> None:
        """Ctrl-C: a terminal tells every process in front of it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """What nobody can prepare for: the program dies, its children find out themselves."""
        self.process.kill()
        self.process.wait(5)

    def family(self) -> dict[int, str]:
        """Processes of its session that live, itself included: command line by process id."""
        return processes_of_session(self.process.pid)

    def children(self, part: str) -> list[int]:
        """Process ids of its family whose command line contains a text."""
        return sorted(pid for pid, line in self.family().items() if part in line)

    def clean_up(self) -> None:
        """End whatever a failed test left behind."""
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)


def processes_of_session(session: int) -> dict[int, str]:
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):
            state, _, _, sid = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(sid) == session and state not in "ZX":
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = line.decode(errors="replace").strip()
    return found


class Book:
    """A SQLite file of a running program, only ever read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, question: str, *values: object) -> list[dict[str, Any]]:
        """What the question finds; nothing while there is no such file or table yet."""
        if not self._path.is_file():
            return []
        for mode in ("mode=ro", "mode=ro&immutable=1"):  # the second where nobody has it open
            with suppress(sqlite3.OperationalError):
                return self._ask(mode, question, values)
        return []

    def _ask(self, mode: str, question: str, values: Sequence[object]) -> list[dict[str, Any]]:
        where = f"{self._path.absolute().as_uri()}?{mode}"
        with closing(sqlite3.connect(where, uri=True, timeout=5)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(question, values)]


class TownshipBook(Book):
    """What the township has stored."""

    def alerts(self, kind: str = "%", camera: str = "%") -> list[dict[str, Any]]:
        return self.rows(
            "SELECT * FROM alerts WHERE kind LIKE ? AND camera LIKE ? ORDER BY opened_at",
            *(kind, camera),
        )

    def opened(self, kind: str, camera: str = "%") -> list[dict[str, Any]]:
        """Every line of history that says that such an incident opened."""
        return self.rows(
            "SELECT e.* FROM events e JOIN alerts a ON a.hub = e.hub AND a.id = e.incident "
            "WHERE e.what = 'opened' AND a.kind LIKE ? AND a.camera LIKE ?",
            *(kind, camera),
        )

    def pictures(self, incident: str) -> list[bytes]:
        found = self.rows("SELECT thumbnail FROM evidence WHERE incident = ?", incident)
        return [row["thumbnail"] for row in found]

    def receipts(self, **columns: str) -> list[dict[str, Any]]:
        where = " AND ".join(["1 = 1", *(f"{name} = ?" for name in columns)])
        return self.rows(f"SELECT * FROM receipts WHERE {where} ORDER BY at", *columns.values())  # noqa: S608 - our own names

    def hub(self) -> dict[str, Any]:
        found = self.rows("SELECT * FROM hubs WHERE id = ?", HUB)
        return found[0] if found else {}

    def cameras(self) -> dict[str, dict[str, Any]]:
        return {one["id"]: one for one in json.loads(self.hub().get("cameras") or "[]")}

    def faults(self) -> str:
        return str(self.hub().get("faults", ""))

    def unfilled_gaps(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM gaps WHERE state = 'missing'")


class HubBook(Book):
    """What the hub remembers."""

    def incidents(self, kind: str = "%") -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM incidents WHERE kind LIKE ? ORDER BY number", kind)

    def outbox(self) -> int:
        return int((self.rows("SELECT count(*) AS n FROM outbox") or [{"n": 0}])[0]["n"])

    def plays(self, **columns: str) -> list[dict[str, Any]]:
        where = " AND ".join(["1 = 1", *(f"{name} = ?" for name in columns)])
        return self.rows(f"SELECT * FROM plays WHERE {where} ORDER BY number", *columns.values())  # noqa: S608 - our own names


class Place:
    """A township and a village in one folder: their settings, their programs, their books."""

    def __init__(self, folder: Path, broker_port: int, *, hub_port: int, township_port: int):
        self.folder, self.broker_port = folder, broker_port
        self.hub_url = f"http://127.0.0.1:{hub_port}"
        self.township_url = f"http://127.0.0.1:{township_port}"
        self._ports = {"hub": hub_port, "township": township_port}
        self.state = folder / "village"
        self.sound = folder / "sound"
        self.township_book = TownshipBook(folder / "township" / "township.db")
        self.programs: list[Program] = []
        SigningKey.generate(KEY_ID).save(folder / "zhen.key", folder / "zhen.pub")
        (folder / "metrics").write_text(METRICS_TOKEN)
        self.township_config = self._write_township()
        self.hub_config = folder / "hub.toml"

    @property
    def hub_book(self) -> HubBook:
        return HubBook(self.state / "hub.db")

    def _write_township(self) -> Path:
        return write_toml(
            self.folder / "township.toml",
            {
                "township": {"id": TOWNSHIP, "name": "青山镇"},
                "state": {"folder": "township"},
                "web": {"port": self._ports["township"]},
                "link": {
                    "port": self.broker_port,
                    "keepalive_s": 5,
                    "command_key_id": KEY_ID,
                    "command_key_file": "zhen.key",
                },
            },
        )

    def settle(self, cameras: Sequence[Mapping[str, Any]], **sections: Mapping[str, Any]) -> Path:
        """Write the hub's settings; sections are merged over what every test has."""
        usual: dict[str, dict[str, Any]] = {
            "hub": {"id": HUB, "village": "林家村", "township": TOWNSHIP},
            "state": {"folder": str(self.state), "free_mb": 1},
            "web": {"port": self._ports["hub"], "metrics_token_file": "metrics"},
            "link": {
                "port": self.broker_port,
                "keepalive_s": 5,
                "heartbeat_s": 1,
                "command_keys": {KEY_ID: "zhen.pub"},
            },
            "talkdown": {"cool_down_s": 0, "per_hour": 600},
        }
        for name, section in sections.items():
            usual[name] = {**usual.get(name, {}), **section}
        speaker = {"id": "horn", "kind": "file", "folder": "sound"}
        return write_toml(self.hub_config, {**usual, "camera": list(cameras), "speaker": [speaker]})

    def start(self, what: str) -> Program:
        """Start `hub` or `township`."""
        config = self.hub_config if what == "hub" else self.township_config
        program = Program(self.folder, what, what, "--config", str(config))
        self.programs.append(program)
        return program

    def sounds(self) -> list[Path]:
        return sorted(self.sound.glob("*.wav"), key=lambda path: path.stat().st_mtime_ns)

    def watching(self, camera: str) -> bool:
        """What the hub tells Prometheus of a camera at this moment."""
        return f'village_hub_camera_watching{{camera="{camera}"}} 1' in self.metrics()

    def metrics(self) -> str:
        with suppress(httpx.HTTPError):
            headers = {"authorization": f"Bearer {METRICS_TOKEN}"}
            return httpx.get(f"{self.hub_url}/metrics", headers=headers, timeout=5).text
        return ""

    @contextmanager
    def sign_in(self, what: str, name: str = "li-hua") -> Iterator[httpx.Client]:
        """Make a person with the command line, and come in by the one-time link."""
        config = self.hub_config if what == "hub" else self.township_config
        add = Program(
            self.folder, f"user-{what}", "user", "add", name, "--role", "admin",
            "--config", str(config),
        )  # fmt: skip
        assert add.ended(30) == 0, add.log
        link = add.out.split()[-1]
        with browser(link) as client:
            chosen = {"password": PASSWORD, "again": PASSWORD}
            assert client.post(link, data=chosen).status_code == 200
            yield client

    def clean_up(self) -> None:
        for program in self.programs:
            program.clean_up()
            print(f"--- {program.name}\n{program.log[-6000:]}")  # noqa: T201 - shown when a test fails


def browser(url: str) -> httpx.Client:
    """A browser without a window."""
    return httpx.Client(
        base_url=origin(url), headers={"accept": "text/html"}, follow_redirects=True, timeout=10
    )


def origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


def csrf_of(page: str) -> str:
    """The token that a page's forms carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, "there is no form on this page"
    return found[1]


def write_toml(path: Path, tables: Mapping[str, Any]) -> Path:
    path.write_text("\n".join(_lines(tables, "")) + "\n", encoding="utf-8")
    return path


def _lines(table: Mapping[str, Any], prefix: str) -> list[str]:
    """TOML of a table; JSON's scalars and arrays are TOML as well."""
    plain, below = [], []
    for name, value in table.items():
        if isinstance(value, Mapping):
            below += [f"[{prefix}{name}]", *_lines(value, f"{prefix}{name}.")]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for item in value:
                below += [f"[[{prefix}{name}]]", *_lines(item, f"{prefix}{name}.")]
        else:
            plain.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    return plain + below


def samples_of(path: Path) -> tuple[int, np.ndarray[Any, np.dtype[np.int16]]]:
    """Rate and samples of a WAV file."""
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        return sound.getframerate(), np.frombuffer(sound.readframes(sound.getnframes()), np.int16)


def assert_audible(path: Path, *, least_s: float = 1.0) -> None:
    """It is a whole WAV file, and not of silence."""
    rate, samples = samples_of(path)
    assert path.stat().st_size == 44 + samples.nbytes, "the header does not fit the file"
    assert len(samples) >= least_s * rate
    loud = np.abs(samples.astype(np.int32)) > 1000
    assert loud.mean() > 0.05, "hardly anything can be heard"


def largest_pause_s(path: Path, *, until_bytes: int, timeout_s: float) -> float:
    """Watch a file grow to a size; the longest time in which it did not."""
    deadline = time.monotonic() + timeout_s
    size, since, longest = path.stat().st_size, time.monotonic(), 0.0
    while size < until_bytes:
        now = time.monotonic()
        assert now < deadline, f"{path.name} did not grow to {until_bytes} bytes, only {size}"
        longest = max(longest, now - since)
        if (grown := path.stat().st_size) > size:
            size, since = grown, now
        time.sleep(0.01)
    return longest
