"""`village-hub township`: run the console, and look after the boxes' certificates."""

from __future__ import annotations

import argparse
import asyncio

from edge.cli.certifying import add_actions, run_action
from edge.cli.command import OK, Call, Command, add_config, need_config
from edge.cli.settings import township_settings
from edge.logs import set_up_logging
from edge.systemd import Notifier, watchdog_interval_s
from edge.words import Words

QUIET_INTERVAL_S = 10.0


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add_actions(parser, words)
    add_config(parser, words, required=False)


def run(call: Call) -> int:
    if call.arguments.action:
        return run_action(call)
    need_config(call)
    settings = township_settings(call)
    set_up_logging(environ=call.environ)
    from edge.township.console import run_township  # noqa: PLC0415 - loads the pages

    notifier = Notifier(call.environ)
    asyncio.run(
        run_township(
            settings,
            ready=notifier.ready,
            alive=notifier.watchdog,
            alive_every_s=watchdog_interval_s(call.environ) or QUIET_INTERVAL_S,
        )
    )
    notifier.stopping()
    return OK


COMMAND = Command("township", add_arguments, run)
