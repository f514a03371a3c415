"""`village-hub hub enrol`: a one-time code becomes this box's certificate."""

from __future__ import annotations

import argparse

from edge.cli.command import OK, Call, add_config
from edge.cli.folders import hand_over, put_settings
from edge.cli.settings import hub_settings
from edge.clock import SystemClock
from edge.enrolment.client import Desk, enrol
from edge.enrolment.codes import read_code
from edge.enrolment.identity import IdentityFolder
from edge.words import Words

OFF_S = 120.0
"""A clock that differs by more from the township's is spoken of."""


def add_enrol(parser: argparse.ArgumentParser, words: Words) -> None:
    """What may be typed after `village-hub hub enrol`."""
    add_config(parser, words)
    parser.add_argument("code", metavar="CODE", nargs="+", help=words("hub.code"))
    parser.add_argument("--township", required=True, metavar="URL", help=words("hub.township_url"))


def run_enrol(call: Call) -> int:
    settings, typed = hub_settings(call), call.arguments
    code, desk = read_code(" ".join(typed.code)), Desk.of(typed.township)
    state = settings.state.folder
    state.mkdir(parents=True, exist_ok=True)
    folder = IdentityFolder(state)
    key = folder.next_key()
    call.say("hub.asking", address=desk.address)
    grant = enrol(desk, code, settings.hub.id, key)
    file = folder.take(grant, key, desk.address).resolve()
    belongs: dict[str, object] = {"township": grant.township}
    belongs |= {"village": grant.village} if grant.village else {}
    belongs |= {"grid": grant.grid} if grant.grid else {}
    link: dict[str, object] = {
        "host": grant.broker_host,
        "port": grant.broker_port,
        "protocol": "5",
        "username": "",
        "ca": folder.ca.resolve(),
        "certificate": file,
        "key": file,
    }
    path = put_settings(call, state, {"hub": belongs, "link": link})
    hand_over(state)
    call.say("hub.enrolled", id=grant.hub, township=grant.township, path=path)
    off_s = SystemClock().wall() - grant.time.timestamp()
    if abs(off_s) > OFF_S:
        call.say("hub.clock_off", minutes=f"{abs(off_s) / 60:.0f}")
    call.say("hub.restart")
    return OK
