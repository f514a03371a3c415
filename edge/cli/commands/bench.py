"""`village-hub bench`: what this machine can carry, as ratios."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.cli.command import Call, Command
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add = parser.add_argument
    add("part", nargs="?", choices=["vision"], help=words("bench.part"))
    add("--video", action="append", default=[], metavar="FILE", help=words("bench.video"))
    add("--model", metavar="FILE.onnx", type=Path, help=words("demo.model"))
    add("--json", metavar="FILE|-", default="", help=words("bench.json"))
    add("--quick", action="store_true", help=words("bench.quick"))
    add("--compare", choices=["motion"], default="", help=words("bench.compare"))
    add("--seconds", metavar="N", type=float, default=20.0, help=words("bench.seconds"))


def run(call: Call) -> int:
    from edge.bench import (  # noqa: PLC0415 - loads everything
        BenchOptions,
        SeeingOptions,
        run_bench,
        run_seeing,
    )

    typed = call.arguments
    if typed.part == "vision":
        return run_seeing(
            SeeingOptions(
                videos=tuple(typed.video),
                model=typed.model,
                json=typed.json,
                quick=typed.quick,
                compare=typed.compare,
                language=call.words.language,
            )
        )
    options = BenchOptions(
        videos=tuple(typed.video),
        model=typed.model,
        json=typed.json,
        seconds=typed.seconds,
        language=call.words.language,
    )
    return run_bench(options)


COMMAND = Command("bench", add_arguments, run)
