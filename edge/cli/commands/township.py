"""`village-hub township`: run the console."""

from __future__ import annotations

import argparse

from edge.cli.command import Call, Command, add_config
from edge.cli.settings import township_settings
from edge.logs import set_up_logging
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add_config(parser, words)


def run(call: Call) -> int:
    settings = township_settings(call)
    set_up_logging(environ=call.environ)
    from edge.township.console import run_township  # noqa: PLC0415 - loads the pages

    return run_township(settings, environ=call.environ)


COMMAND = Command("township", add_arguments, run)
