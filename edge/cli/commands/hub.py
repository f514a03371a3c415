"""`village-hub hub`: run the box, or get its certificate."""

from __future__ import annotations

import argparse

from edge.cli.command import Call, Command, add_config, need_config
from edge.cli.enrolling import add_enrol, run_enrol
from edge.cli.settings import hub_settings
from edge.logs import set_up_logging
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    below = parser.add_subparsers(
        title=words("hub.actions"), dest="action", metavar=words("hub.action")
    )
    about = words("hub.enrol")
    add_enrol(below.add_parser("enrol", words=words, help=about, description=about), words)
    add_config(parser, words, required=False)


def run(call: Call) -> int:
    if call.arguments.action:
        return run_enrol(call)
    need_config(call)
    settings = hub_settings(call)
    set_up_logging(environ=call.environ)
    from edge.hub import run_hub  # noqa: PLC0415 - loads vision and sound

    return run_hub(settings, environ=call.environ)


COMMAND = Command("hub", add_arguments, run)
