"""`village-hub bench`: what this machine can carry, as ratios."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.cli.command import Call, Command
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add = parser.add_argument
    add("--video", action="append", default=[], metavar="FILE", help=words("bench.video"))
    add("--model", metavar="FILE.onnx", type=Path, help=words("demo.model"))
    add("--json", metavar="FILE|-", default="", help=words("bench.json"))
    add("--seconds", metavar="N", type=float, default=20.0, help=words("bench.seconds"))


def run(call: Call) -> int:
    from edge.bench import BenchOptions, run_bench  # noqa: PLC0415 - loads everything

    typed = call.arguments
    options = BenchOptions(
        videos=tuple(typed.video),
        model=typed.model,
        json=typed.json,
        seconds=typed.seconds,
        language=call.words.language,
    )
    return run_bench(options)


COMMAND = Command("bench", add_arguments, run)
