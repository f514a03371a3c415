"""One simulation: what was asked, the servers it needs, the figures it gives."""

from __future__ import annotations

import json
import math
import platform
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from edge.errors import StartError
from edge.simulate import account
from edge.simulate.programs import (
    Program,
    a_console,
    a_worker,
    memory_mb,
    wait_for_workers,
    write_settings,
)
from edge.simulate.servers import Broker, Database
from edge.simulate.swarm import Swarm
from edge.simulate.wall import Wall
from edge.words import Language, Words

BUDGET = 0.5
CONNECT_S = 120.0
DRAIN_S = 300.0


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What a person may ask of a simulation.

    Attributes:
        rate: Events a second of the sustained part.
        seconds: Of the sustained part.
        burst: Events of each hub that wait for the township at the burst.
        workers: Processes that store.
        broker, database: Addresses of servers that run; empty starts own ones.
        chaos: Kill and cut everything instead of measuring; `seeds` runs of `minutes`.
    """

    hubs: int = 1175
    cameras: int = 4205
    rate: float = 100.0
    seconds: float = 30.0
    burst: int = 20
    workers: int = 2
    broker: str = ""
    database: str = ""
    json: str = ""
    chaos: bool = False
    seeds: int = 1
    first_seed: int = 1
    minutes: float = 5.0
    incidents: int = 200
    long: int = 0
    language: Language = "zh"


def run_simulation(options: SimulateOptions, *, out: TextIO | None = None) -> int:
    """Run and print; returns 0 when nothing was lost or doubled and the budget holds, else 1.

    Raises:
        StartError: mosquitto or PostgreSQL is missing, or does not come up.
    """
    people = sys.stderr if options.json == "-" else (out or sys.stdout)
    words = Words.load("edge.simulate", options.language)

    def say(key: str, /, **values: object) -> None:
        people.write(words(key, **values) + "\n")
        people.flush()

    # `kill` must take the servers along, too.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    if options.chaos:
        from edge.simulate.chaos import run_chaos  # noqa: PLC0415 - the other half

        figures = run_chaos(options, say)
    else:
        figures = _measure(options, say)
    _write(figures, options.json)
    return 0 if figures["kept"] else 1


def _measure(options: SimulateOptions, say: Any) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="village-simulate-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        say("starting", hubs=options.hubs, cameras=options.cameras, workers=options.workers)
        address, broker_pid = _broker(options, folder, stack)
        url, database_pid = _database(options, stack)
        settings, web = write_settings(folder, address, url)
        console = a_console(settings, web)
        stack.callback(console.stop)
        workers: list[Program] = []
        for number in range(1, options.workers + 1):
            workers.append(a_worker(settings, number))
            stack.callback(workers[-1].stop)
        wait_for_workers(settings, options.workers)
        engine = sa.create_engine(url)
        stack.callback(engine.dispose)
        swarm = Swarm(options.hubs, options.cameras, address)
        stack.callback(swarm.close)
        wall = Wall(url, address)
        stack.callback(wall.close)
        began = time.monotonic()
        swarm.run(CONNECT_S, enough=lambda: swarm.connected == options.hubs)
        connected = swarm.connected
        say("connected", hubs=connected, seconds=f"{time.monotonic() - began:.1f}")
        _warm_up(swarm)
        sustained = _sustain(swarm, options, say)
        wall_p95_s = _percentile(wall.waits, 0.95)
        burst = _burst(swarm, options.burst, say)
        if options.long:
            sustained |= _long(swarm, options, say)
        found = account.take_account(engine, [one.stream for one in swarm.villages])
        memory = {
            "broker": memory_mb(broker_pid) if broker_pid else 0.0,
            "database": memory_mb(database_pid) if database_pid else 0.0,
            "console": memory_mb(_pid(console)),
            "worker": max((memory_mb(_pid(one)) for one in workers), default=0.0),
        }
        say("bare_about")
        bare = max(account.bare_rate(engine) for _ in range(2))
        ratio = burst / bare if bare else 0.0
        lost = swarm.made - found.stored
        figures = {
            "hubs_connected": connected,
            "cameras": options.cameras,
            "sent": swarm.made,
            "stored": found.stored,
            "lost": lost,
            "doubled": found.doubled,
            "holes": found.holes,
            "reconnects": swarm.reconnects,
            "workers": options.workers,
            **sustained,
            "burst_per_s": round(burst, 1),
            "bare_insert_per_s": round(bare, 1),
            "ratio_to_bare_insert": round(ratio, 3),
            "budget": BUDGET,
            "wall_p95_s": round(wall_p95_s, 3),
            "memory_mb": {name: round(value, 1) for name, value in memory.items()},
            "python": platform.python_version(),
            "machine": platform.machine(),
        }
        right = lost == 0 and found.doubled == 0 and connected == options.hubs
        figures["kept"] = right and ratio >= BUDGET
        _tell(figures, say)
        return figures


def _warm_up(swarm: Swarm) -> None:
    """Both ends have spoken once, so that nothing of a first time is measured."""
    swarm.happen(200)
    swarm.run(60.0, enough=lambda: swarm.unacknowledged == 0)
    swarm.waits.clear()
    if swarm.unacknowledged:
        raise StartError(
            "The township does not store what the simulated villages send. Look at the log of its "
            "workers, and run `village-hub doctor` on this machine."
        )


def _sustain(swarm: Swarm, options: SimulateOptions, say: Any) -> dict[str, float]:
    say("sustaining", rate=f"{options.rate:g}", seconds=f"{options.seconds:g}")
    before, began = swarm.stored, time.monotonic()
    swarm.run(options.seconds, rate=options.rate)
    rate = (swarm.stored - before) / (time.monotonic() - began)
    _drain(swarm)
    return {
        "sustained_per_s": round(rate, 1),
        "alert_to_stored_p50_s": round(_percentile(swarm.waits, 0.5), 4),
        "alert_to_stored_p95_s": round(_percentile(swarm.waits, 0.95), 4),
    }


def _burst(swarm: Swarm, each: int, say: Any) -> float:
    """Every hub comes back with a backlog at the same moment; events a second until all is in."""
    count = swarm.fill(each)
    say("bursting", count=count)
    began = time.monotonic()
    swarm.release()
    _drain(swarm)
    return count / (time.monotonic() - began)


def _long(swarm: Swarm, options: SimulateOptions, say: Any) -> dict[str, float]:
    """Events until so many were stored, as fast as the township takes them, with progress."""
    began, before, told = time.monotonic(), swarm.stored, 0.0
    while (done := swarm.stored - before) < options.long:
        if swarm.unacknowledged < 4000:
            swarm.happen(min(500, max(1, options.long - done - swarm.unacknowledged)))
        swarm.run(0.05)
        if time.monotonic() - told > 10.0:
            told = time.monotonic()
            rate = done / max(1e-9, told - began)
            left_s = (options.long - done) / rate if rate else math.inf
            say("progress", done=done, of=options.long, rate=f"{rate:.0f}", left=f"{left_s:.0f}")
    _drain(swarm)
    return {
        "long_events": options.long,
        "long_per_s": round(options.long / (time.monotonic() - began), 1),
    }


def _drain(swarm: Swarm) -> None:
    swarm.run(DRAIN_S, enough=lambda: swarm.unacknowledged == 0)


def _broker(
    options: SimulateOptions, folder: Path, stack: ExitStack
) -> tuple[tuple[str, int], int]:
    if options.broker:
        host, _, port = options.broker.rpartition(":")
        if not host or not port.isdigit():
            raise StartError(
                f"{options.broker!r} is no address of a broker. Write it like 127.0.0.1:1883."
            )
        return (host, int(port)), 0
    made = Broker(folder)
    made.start()
    stack.callback(made.stop)
    return ("127.0.0.1", made.port), made.process.pid if made.process else 0


def _database(options: SimulateOptions, stack: ExitStack) -> tuple[str, int]:
    if options.database:
        return options.database, 0
    made = Database()
    stack.callback(made.remove)
    made.start()
    made.create()
    return made.url, made.process.pid if made.process else 0


def _pid(program: Program) -> int:
    return program.process.pid if program.process else 0


def _percentile(values: list[float], share: float) -> float:
    if not values:
        return 0.0
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _tell(figures: dict[str, Any], say: Any) -> None:
    say("result", **{name: figures[name] for name in figures if name != "memory_mb"})
    say("memory", **figures["memory_mb"])
    say("kept" if figures["kept"] else "not_kept", budget=BUDGET)


def _write(figures: dict[str, Any], where: str) -> None:
    if not where:
        return
    text = json.dumps(figures, ensure_ascii=False, indent=2) + "\n"
    if where == "-":
        sys.stdout.write(text)
    else:
        Path(where).write_text(text, encoding="utf-8")
