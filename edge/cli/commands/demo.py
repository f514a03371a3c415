"""`village-hub demo`: the whole way through the house on one machine."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from edge.cli.command import Call, Command
from edge.logs import set_up_logging
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add = parser.add_argument
    add("--video", action="append", default=[], metavar="PATH_OR_URL", help=words("demo.video"))
    add("--model", metavar="FILE.onnx", type=Path, help=words("demo.model"))
    add("--json", metavar="FILE|-", default="", help=words("demo.json"))
    add("--seconds", metavar="N", type=float, help=words("demo.seconds"))
    add("--state", metavar="DIR", type=Path, help=words("demo.state"))
    add("--verbose", action="store_true", help=words("demo.verbose"))


def run(call: Call) -> int:
    level = logging.INFO if call.arguments.verbose else logging.WARNING
    set_up_logging(level=level, environ=call.environ)
    from edge.demo import DemoOptions, run_demo  # noqa: PLC0415 - loads everything

    typed = call.arguments
    options = DemoOptions(
        videos=tuple(typed.video),
        model=typed.model,
        json=typed.json,
        seconds=typed.seconds,
        state=typed.state,
        language=call.words.language,
    )
    return run_demo(options)


COMMAND = Command("demo", add_arguments, run)
