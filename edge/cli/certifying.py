"""`village-hub township init | enrol | boxes | revoke | broker | rotate-key | audit | ingest`."""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.auditing import add_audit, run_audit
from edge.cli.command import FAILED, OK, Call, add_config
from edge.cli.folders import hand_over, put_settings
from edge.cli.ingesting import run_ingest
from edge.cli.settings import township_settings
from edge.clock import SystemClock
from edge.enrolment.client import Desk
from edge.enrolment.keyring import KeyRing
from edge.errors import EnrolmentError
from edge.settings.schema import TownshipSettings
from edge.words import Words

if TYPE_CHECKING:
    from edge.township.enrolment.office import Office

WHO = "command-line"
OUT_S = 60.0
DATE = "%Y-%m-%d %H:%M"

ACTIONS = {
    "init": "township.init",
    "enrol": "township.enrol",
    "boxes": "township.boxes",
    "revoke": "township.revoke",
    "broker": "township.broker",
    "rotate-key": "township.rotate_key",
    "audit": "audit.about",
    "ingest": "township.ingest",
}
"""What may be typed, and the sentence that says what it does."""


def add_actions(parser: argparse.ArgumentParser, words: Words) -> None:
    """What may be typed after `village-hub township`."""
    below = parser.add_subparsers(
        title=words("township.actions"), dest="action", metavar=words("township.action")
    )
    for name, key in ACTIONS.items():
        about = words(key)
        sub = below.add_parser(name, words=words, help=about, description=about)
        if name == "audit":
            add_audit(sub, words)
            continue
        add_config(sub, words)
        if name == "init":
            sub.add_argument(
                "--name", action="append", default=[], metavar="HOST", help=words("township.name")
            )
            sub.add_argument("--at", default="", metavar="DIR", help=words("township.at"))
        if name in {"enrol", "revoke"}:
            sub.add_argument("--hub", required=True, metavar="ID", help=words("township.hub"))
        if name == "enrol":
            sub.add_argument("--village", default="", help=words("township.village"))
            sub.add_argument("--grid", default="", help=words("township.grid"))
        if name == "revoke":
            sub.add_argument("--reason", default="", help=words("township.reason"))
        if name == "broker":
            sub.add_argument("--out", type=Path, metavar="DIR", help=words("township.out"))
        if name == "ingest":
            sub.add_argument(
                "--worker", default="ingest-1", metavar="NAME", help=words("township.worker")
            )
        if name == "rotate-key":
            sub.add_argument("--use", action="store_true", help=words("township.use"))


def run_action(call: Call) -> int:
    if call.arguments.action == "audit":
        return run_audit(call)
    does: dict[str, Callable[[Call, TownshipSettings], int]] = {
        "init": _init,
        "enrol": _enrol,
        "boxes": _list,
        "revoke": _revoke,
        "broker": _broker,
        "rotate-key": _rotate,
        "ingest": run_ingest,
    }
    return does[call.arguments.action](call, township_settings(call))


@contextmanager
def _office(settings: TownshipSettings) -> Iterator[Office]:
    from edge.township.console import open_store  # noqa: PLC0415 - loads the pages
    from edge.township.enrolment.office import Office  # noqa: PLC0415

    clock = SystemClock()
    store = open_store(settings, clock)
    try:
        yield Office(settings, store.database, clock)
    finally:
        store.close()
        hand_over(settings.state.folder)


def _init(call: Call, settings: TownshipSettings) -> int:
    state, section = settings.state.folder.resolve(), settings.enrolment
    names = call.arguments.name or section.names or [_own()]
    at = call.arguments.at or section.broker_at
    changed = section.model_copy(update={"enabled": True, "names": names, "broker_at": at})
    settings = settings.model_copy(update={"enrolment": changed})
    with _office(settings) as office:
        office.publish()
        key, folder = office.keys.first(), office.folder.resolve()
        console = office.console_file.resolve()
        put_settings(
            call,
            state,
            {
                "enrolment": {"enabled": True, "names": names, "broker_at": at},
                "link": {
                    "host": "127.0.0.1",
                    "port": section.console_port,
                    "protocol": "5",
                    "username": "",
                    "ca": folder / "ca.pem",
                    "certificate": console,
                    "key": console,
                    **(
                        {}
                        if settings.link.command_key_id
                        else {"command_key_id": key.id, "command_key_file": key.private}
                    ),
                },
            },
        )
        call.say("township.made", folder=folder, fingerprint=office.authority.fingerprint)
        call.say("township.broker_files", folder=office.files.folder)
        call.say("township.next", address=_address(settings))
    return OK


def _enrol(call: Call, settings: TownshipSettings) -> int:
    typed = call.arguments
    with _office(settings) as office:
        code, until = office.make_code(typed.hub, typed.village, typed.grid, WHO)
    call.say("township.code", hub=typed.hub, until=_when(until))
    call.tell(f"    {code}")
    call.say("township.type_this")
    call.tell(f"    village-hub hub enrol {code} --township {_address(settings)} --config hub.toml")
    return OK


def _list(call: Call, settings: TownshipSettings) -> int:
    now = time.time()
    with _office(settings) as office:
        holders = office.holders()
    if not holders:
        call.say("township.no_boxes")
    for one in holders:
        if one.certificate is None:
            state = call.words(
                "township.waiting", until=_when(one.code.expires_at if one.code else now)
            )
        elif one.barred:
            state = call.words("township.out_now" if one.cut else "township.going")
        elif one.certificate.expires_at < now:
            state = call.words("township.expired")
        else:
            state = call.words("township.good", until=_when(one.certificate.expires_at))
        call.tell(f"{one.hub}\t{one.village or '-'}\t{state}")
    return OK


def _revoke(call: Call, settings: TownshipSettings) -> int:
    typed = call.arguments
    with _office(settings) as office:
        if not any(one.hub == typed.hub for one in office.holders()):
            raise EnrolmentError(
                f"The village box {typed.hub!r} has no certificate that could be revoked."
            )
        office.desk.revoke(typed.hub, WHO, typed.reason)
        began = time.monotonic()
        while typed.hub in office.pending() and time.monotonic() - began < OUT_S:
            office.publish()
            if not office.put_out() and typed.hub in office.pending():
                time.sleep(1.0)
        if typed.hub in office.pending():
            call.complain("township.not_out", hub=typed.hub)
            if office.trouble:
                call.tell(call.words.plain(office.trouble))
            return FAILED
    call.say("township.done", hub=typed.hub, seconds=f"{time.monotonic() - began:.0f}")
    return OK


def _broker(call: Call, settings: TownshipSettings) -> int:
    with _office(settings) as office:
        office.publish()
        folder = office.files.folder
    out: Path | None = call.arguments.out
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name in ("mosquitto.conf", "acl", "ca.pem", "server.pem", "crl.pem"):
            shutil.copy(folder / name, out / name)
        folder = out
    call.say("township.broker_files", folder=folder.resolve())
    return OK


def _rotate(call: Call, settings: TownshipSettings) -> int:
    state = settings.state.folder.resolve()
    ring = KeyRing.of(state, settings.township.id)
    newest = (ring.keys() or [ring.first()])[-1]
    used = settings.link.command_key_id
    if not call.arguments.use:
        if used and newest.id != used:
            raise EnrolmentError(
                f"The next signing key {newest.id} was made already. Take it into use with `--use` "
                "when every village has heard of it."
            )
        newest = ring.add()
        hand_over(state)
        call.say("township.key_made", id=newest.id)
        return OK
    if newest.id == used:
        raise EnrolmentError(
            "There is no newer signing key. Make one with `village-hub township rotate-key` first."
        )
    chosen = {"command_key_id": newest.id, "command_key_file": newest.private}
    put_settings(call, state, {"link": chosen})
    ring.drop_all_but(newest.id)
    hand_over(state)
    call.say("township.key_used", id=newest.id)
    return OK


def _own() -> str:
    from edge.cli.commands.user import own_address  # noqa: PLC0415 - it is one of the commands

    return own_address()


def _address(settings: TownshipSettings) -> str:
    section = settings.enrolment
    name = section.names[0] if section.names else _own()
    return Desk(name, section.port).address


def _when(wall_s: float) -> str:
    return time.strftime(DATE, time.localtime(wall_s))
