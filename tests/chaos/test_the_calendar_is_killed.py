"""kill -9 at every state of an occurrence; and the calendar in a real hub, with its sound."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from edge.clock import SimulatedClock, SystemClock
from edge.hub import Hub
from edge.programmes import ProgrammeForm
from edge.settings.schema import HubSettings
from edge.store.hub import HubStore
from tests.edge.calendar_killed import AT, Ledger
from tests.edge.calendar_year import Box
from tests.fakes.broker import a_port
from tests.waiting import wait_for

CHILD = """
import os, signal, sys
from pathlib import Path
from edge.store.hub import HubStore
from tests.edge.calendar_killed import live_through_a_morning

def dying(point, when):
    real = HubStore.take_step
    def take_step(self, step, **more):
        if step.state == point and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = real(self, step, **more)
        if step.state == point and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return take_step

for name in sys.argv[2:]:
    point, when = name.split("-")
    folder = Path(sys.argv[1]) / name
    folder.mkdir()
    child = os.fork()  # one start of the interpreter serves all; no thread runs yet
    if child == 0:
        HubStore.take_step = dying(point, when)
        live_through_a_morning(folder, point)
        os._exit(3)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (name, status)
"""

ENDS = {
    "planned-": {"played"},
    "due-before": {"played"},
    "due-after": {"missed"},
    "playing-before": {"failed"},
    "playing-after": {"failed"},
    "played-before": {"played"},
    "played-after": {"played"},
    "missed-before": {"missed", "played"},
    "missed-after": {"missed"},
    "skipped-before": {"played"},
    "skipped-after": {"skipped"},
    "cancelled-before": {"cancelled"},
    "cancelled-after": {"cancelled"},
    "failed-before": {"missed"},
    "failed-after": {"failed"},
}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each way to die, as the dead left it."""
    folder = tmp_path_factory.mktemp("killed")
    program = [sys.executable, "-c", CHILD, str(folder), *ENDS]
    done = subprocess.run(program, check=False, capture_output=True, timeout=100)
    assert done.returncode == 0, done.stderr.decode()
    return folder


@pytest.mark.parametrize("name", ENDS)
def test_killed_at_a_state_it_still_comes_to_one_end(killed: Path, name: str) -> None:
    """The next start ends it once, says it at most once in all, and tells it once."""
    folder, (point, when) = killed / name, name.split("-")
    clock = SimulatedClock(AT - 30, mono_s=5.0, boot_id="the-next-boot")
    if point not in {"planned", "skipped"} and (point, when) != ("due", "before"):
        clock.jump(60)
    box = Box(folder, clock)
    box.horn.spoken = Ledger(folder / "spoken")
    for _ in range(60):
        box.tick()
        clock.advance(30)
    (occurrence,) = box.store.occurrences_between(0, AT + 86_400)
    spoken = folder / "spoken"
    times = len(spoken.read_text(encoding="utf-8").splitlines()) if spoken.exists() else 0
    receipts = [json.loads(row.entry.data) for row in box.store.pending(100)]
    final = [r["state"] for r in receipts if r["state"] not in {"queued", "started"}]
    assert occurrence.state in ENDS[name]
    assert times == (occurrence.state == "played" or point in {"playing", "cancelled"})
    assert len(final) == 1
    steps = [state for state, _, _ in box.store.steps_of(occurrence.id)]
    assert steps.count(occurrence.state) == 1
    assert steps[-1] == occurrence.state
    box.store.close()


def test_the_calendar_speaks_through_a_real_hub(tmp_path: Path) -> None:
    """A moved occurrence sounds at its second, in full, and its receipts wait for the township."""
    settings = HubSettings.model_validate(
        {
            "hub": {"id": "v-lin", "village": "林家村", "township": "t-1"},
            "state": {"folder": str(tmp_path), "free_mb": 1},
            "web": {"port": a_port()},
            "link": {"port": a_port()},
            "broadcast": {"voice": "silent"},
            "speaker": [{"id": "horn", "kind": "file", "folder": "sound"}],
        }
    )
    clock = SystemClock()
    clock.trust()

    async def a_minute() -> None:
        async with Hub(settings, clock=clock) as hub:
            desk = hub.calendar.desk
            rule = {"repeat": "daily", "times": ("00:00",), "first": "2026-01-01"}
            daily = ProgrammeForm.model_validate({"title": "早", "text": "早上好。", "rule": rule})
            programme = desk.save(daily, "小王")
            first = desk.between(clock.wall(), clock.wall() + 90_000)[0]
            desk.move(programme, first.at_s, int(clock.wall()) + 3, "小王")

            def ended() -> bool:
                rows = hub.store.occurrences_between(0, clock.wall() + 1)
                return any(row.state == "played" for row in rows)

            await asyncio.to_thread(wait_for, ended, timeout_s=40, what="the sound")

    asyncio.run(a_minute())
    (sound,) = (tmp_path / "sound").glob("*.wav")
    with wave.open(str(sound)) as file:
        assert file.getnframes() > 0
    store = HubStore.open(tmp_path, clock)
    receipts = [json.loads(row.entry.data) for row in store.pending(100)]
    assert [r["state"] for r in receipts if r.get("speaker") == "horn"] == [
        "queued", "started", "finished"]  # fmt: skip
    store.close()
