"""Kill -9 everything at random, cut the network, and count what reached the township.

The plan is drawn from a seed, so that a run can be repeated; what the operating system makes of it
differs a little each time.
"""

from __future__ import annotations

import logging
import random
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from edge.simulate.programs import Program, a_console, a_worker, wait_for_workers, write_settings
from edge.simulate.servers import Broker, Database, Server
from edge.simulate.verdict import Verdict, judge
from edge.simulate.wire_cutter import WireCutter

if TYPE_CHECKING:
    from edge.simulate.run import SimulateOptions

log = logging.getLogger(__name__)

HUBS = 5
WORKERS = 2
GUARD_S = 60.0
SETTLE_S = 240.0
CUT_SHARE = 0.4
"""Part of the time in which the network is cut: two minutes of five."""


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing of the plan.

    Attributes:
        at_s: Seconds after the beginning.
        what: `broker`, `database`, `worker`, `hub` or `network`.
        which: Which of several, by its place.
        lasts_s: Until it is started again, or mended.
    """

    at_s: float
    what: str
    which: int
    lasts_s: float


def plan(seed: int, seconds: float) -> list[Blow]:
    """What happens when; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    blows: list[Blow] = []
    at = 0.0
    while (at := at + chance.uniform(0.5, max(1.0, seconds / 40))) < seconds:
        what = chance.choice(["broker", "database", "worker", "worker", "hub", "hub"])
        blows.append(Blow(at, what, chance.randrange(HUBS), chance.uniform(0.1, 2.0)))
    at = 0.0
    while at < seconds:
        whole_s = chance.uniform(seconds / 12, seconds / 6)
        cut_s = whole_s * CUT_SHARE
        blows.append(Blow(at + whole_s - cut_s, "network", 0, min(cut_s, seconds - at)))
        at += whole_s
    return sorted(blows, key=lambda blow: blow.at_s)


def run_chaos(options: SimulateOptions, say: Any) -> dict[str, Any]:
    """One run after the other; gives the figures of all."""
    runs: list[dict[str, Any]] = []
    seconds = options.minutes * 60
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        say(
            "chaos_seed",
            seed=seed,
            incidents=options.incidents,
            hubs=HUBS,
            seconds=f"{seconds:.0f}",
        )
        verdict = survive(seed, seconds, options.incidents, guard_s=GUARD_S)
        runs.append(verdict.figures())
        say("chaos_result", **verdict.figures())
    kept = all(run["kept"] for run in runs)
    say("chaos_kept" if kept else "chaos_not_kept", seeds=len(runs))
    return {"runs": runs, "seeds": len(runs), "minutes": options.minutes, "kept": kept}


def survive(seed: int, seconds: float, incidents: int, *, guard_s: float) -> Verdict:
    """One run: everything is up, is beaten for so long, and is given time to settle.

    Args:
        seed: Of the plan.
        seconds: For which things are killed and cut.
        incidents: Of all hubs together.
        guard_s: After how long a hub sends again within one connection.

    Raises:
        StartError: mosquitto or PostgreSQL is missing, or does not come up.
    """
    folder = Path(tempfile.mkdtemp(prefix="village-chaos-"))
    verdict = _survive(folder, seed, seconds, incidents, guard_s=guard_s)
    if verdict.kept:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        log.error("chaos seed=%d failed, the logs are in %s", seed, folder)
    return verdict


def _survive(folder: Path, seed: int, seconds: float, incidents: int, *, guard_s: float) -> Verdict:
    with ExitStack() as stack:
        broker, database = Broker(folder), Database()
        stack.callback(database.remove)
        stack.callback(broker.stop)
        broker.start()
        database.start()
        database.create()
        settings, web = write_settings(folder, ("127.0.0.1", broker.port), database.url)
        stack.callback(a_console(settings, web).stop)
        workers = [a_worker(settings, number) for number in range(1, WORKERS + 1)]
        wait_for_workers(settings, WORKERS)
        wire = WireCutter(broker.port)
        stack.callback(wire.close)
        each = incidents // HUBS
        hubs = [_a_hub(folder, n, wire.port, each, seconds * 0.9, guard_s) for n in range(HUBS)]
        for one in (*workers, *hubs):
            stack.callback(one.stop)
        things: dict[str, list[Server]] = {
            "broker": [broker],
            "database": [database],
            "worker": list(workers),
            "hub": list(hubs),
        }
        kills = _beat(plan(seed, seconds), seconds, things, wire)
        programs = [*workers, *hubs]
        engine = sa.create_engine(database.url, pool_pre_ping=True)
        stack.callback(engine.dispose)
        names = [f"chaos-{number}" for number in range(HUBS)]
        deadline = time.monotonic() + SETTLE_S
        while (verdict := judge(engine, names, each, seed)).unfinished:
            if time.monotonic() > deadline:
                break
            _revive(programs)
            time.sleep(0.5)
        return verdict.after(kills, wire.cuts)


def _a_hub(folder: Path, number: int, *words: object) -> Program:
    name = f"chaos-{number}"
    made = HubProgram([str(folder / name), name, *map(str, words)], folder / f"{name}.log")
    made.start()
    return made


def _revive(programs: Iterable[Server]) -> None:
    """Start again what ended by itself, as systemd does: a worker gives up without a database."""
    for one in programs:
        if one.process is not None and one.process.poll() is not None:
            log.info(
                "chaos program ended by itself rc=%s, it is started again", one.process.returncode
            )
            one.start()


class HubProgram(Program):
    """A hub's memory and link as a process."""

    module = "edge.simulate.hub_process"


def _beat(
    blows: list[Blow], seconds: float, things: dict[str, list[Server]], wire: WireCutter
) -> int:
    """Carry the plan out; everything runs again at the end. Gives the number of kills."""
    began, kills = time.monotonic(), 0
    down: dict[int, tuple[float, Server]] = {}
    mend_at: float | None = None
    waiting = list(blows)
    while waiting or down or mend_at is not None:
        now = time.monotonic() - began
        for key, (until_s, thing) in list(down.items()):
            if now >= until_s:
                thing.start()
                del down[key]
        _revive([one for one in (*things["worker"], *things["hub"]) if id(one) not in down])
        if mend_at is not None and now >= mend_at:
            wire.mend()
            mend_at = None
        if waiting and now >= waiting[0].at_s:
            blow = waiting.pop(0)
            if blow.what == "network":
                wire.cut()
                mend_at = now + blow.lasts_s
                continue
            some = things[blow.what]
            thing = some[blow.which % len(some)]
            if id(thing) not in down:
                thing.kill()
                kills += 1
                down[id(thing)] = now + blow.lasts_s, thing
        time.sleep(0.02)
    time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    return kills
