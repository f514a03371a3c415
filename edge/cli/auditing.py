"""Whether an audit log is as it was written, for whoever asks from the command line."""

from __future__ import annotations

import argparse
from typing import Protocol, cast

from edge.chain import Verdict
from edge.cli.accounts import open_accounts
from edge.cli.command import FAILED, OK, Call, add_config
from edge.cli.settings import any_settings
from edge.clock import SystemClock
from edge.words import Words


class Audited(Protocol):
    """A store with an audit log that is a chain."""

    def check_audit(self, noted: str = "") -> Verdict: ...


def add_audit(parser: argparse.ArgumentParser, words: Words) -> None:
    """What `audit` takes, as a command and below `township`."""
    parser.add_argument("what", choices=["verify"], help=words("audit.verify"))
    parser.add_argument("--noted", default="", metavar="HASH", help=words("audit.noted"))
    add_config(parser, words)


def run_audit(call: Call) -> int:
    """Walk the log of the hub or township these settings belong to."""
    with open_accounts(any_settings(call), SystemClock()) as accounts:
        verdict = cast("Audited", accounts).check_audit(call.arguments.noted)
    if not verdict.good:
        call.tell(call.words.plain(verdict.problem))
        return FAILED
    call.say("audit.good", lines=verdict.lines, older=verdict.older)
    if verdict.head:
        call.say("audit.note", head=verdict.head)
    return OK
