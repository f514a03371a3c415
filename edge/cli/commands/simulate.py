"""`village-hub simulate`: a city of villages on this machine, or chaos."""

from __future__ import annotations

import argparse

from edge.cli.command import Call, Command
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add = parser.add_argument
    add("--hubs", metavar="N", type=int, default=1175, help=words("simulate.hubs"))
    add("--cameras", metavar="N", type=int, default=4205, help=words("simulate.cameras"))
    add("--rate", metavar="N", type=float, default=100.0, help=words("simulate.rate"))
    add("--seconds", metavar="N", type=float, default=30.0, help=words("simulate.seconds"))
    add("--burst", metavar="N", type=int, default=20, help=words("simulate.burst"))
    add("--workers", metavar="N", type=int, default=2, help=words("simulate.workers"))
    add("--long", metavar="N", type=int, default=0, help=words("simulate.long"))
    add("--broker", metavar="HOST:PORT", default="", help=words("simulate.broker"))
    add("--database", metavar="URL", default="", help=words("simulate.database"))
    add("--json", metavar="FILE|-", default="", help=words("bench.json"))
    add("--chaos", action="store_true", help=words("simulate.chaos"))
    add("--seeds", metavar="N", type=int, default=1, help=words("simulate.seeds"))
    add("--first-seed", metavar="N", type=int, default=1, help=words("simulate.first_seed"))
    add("--minutes", metavar="N", type=float, default=5.0, help=words("simulate.minutes"))
    add("--incidents", metavar="N", type=int, default=200, help=words("simulate.incidents"))


def run(call: Call) -> int:
    from edge.simulate import SimulateOptions, run_simulation  # noqa: PLC0415 - loads everything

    typed = call.arguments
    return run_simulation(
        SimulateOptions(
            hubs=typed.hubs,
            cameras=typed.cameras,
            rate=typed.rate,
            seconds=typed.seconds,
            burst=typed.burst,
            workers=typed.workers,
            long=typed.long,
            broker=typed.broker,
            database=typed.database,
            json=typed.json,
            chaos=typed.chaos,
            seeds=typed.seeds,
            first_seed=typed.first_seed,
            minutes=typed.minutes,
            incidents=typed.incidents,
            language=call.words.language,
        )
    )


COMMAND = Command("simulate", add_arguments, run)
