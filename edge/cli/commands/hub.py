"""`village-hub hub`: run the box."""

from __future__ import annotations

import argparse

from edge.cli.command import Call, Command, add_config
from edge.cli.settings import hub_settings
from edge.logs import set_up_logging
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add_config(parser, words)


def run(call: Call) -> int:
    settings = hub_settings(call)
    set_up_logging(environ=call.environ)
    from edge.hub import run_hub  # noqa: PLC0415 - loads vision and sound

    return run_hub(settings, environ=call.environ)


COMMAND = Command("hub", add_arguments, run)
