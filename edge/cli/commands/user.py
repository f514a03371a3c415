"""`village-hub user`: let people in, by one-time links; no default password anywhere."""

from __future__ import annotations

import argparse
import socket
from typing import TYPE_CHECKING

from edge.cli.accounts import open_accounts
from edge.cli.command import FAILED, OK, Call, Command, add_config
from edge.cli.settings import any_settings
from edge.clock import SystemClock
from edge.people import Role
from edge.settings.schema import HubSettings, TownshipSettings
from edge.words import Words

if TYPE_CHECKING:
    from edge.site.accounts import Accounts

WHO = "command-line"


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    below = parser.add_subparsers(
        title=words("user.actions"), dest="action", required=True, metavar=words("user.action")
    )
    for name in ("add", "invite", "remove", "list"):
        about = words(f"user.{name}")
        sub = below.add_parser(name, words=words, help=about, description=about)
        add_config(sub, words)
        if name != "list":
            sub.add_argument("name", help=words("user.name"))
        if name == "add":
            roles = [role.value for role in Role]
            sub.add_argument("--role", choices=roles, default="staff", help=words("user.role"))
        if name in {"add", "invite"}:
            sub.add_argument("--url", default="", help=words("user.url"))


def run(call: Call) -> int:
    settings = any_settings(call)
    with open_accounts(settings, SystemClock()) as accounts:
        match call.arguments.action:
            case "add":
                return _add(call, settings, accounts)
            case "invite":
                return _invite(call, settings, accounts)
            case "remove":
                return _remove(call, accounts)
            case _:
                return _list(call, accounts)


def _add(call: Call, settings: HubSettings | TownshipSettings, accounts: Accounts) -> int:
    name = call.arguments.name.strip()
    if accounts.account(name) is not None:
        return _refuse(call, "user.known")
    return _give_link(call, settings, accounts, Role(call.arguments.role))


def _invite(call: Call, settings: HubSettings | TownshipSettings, accounts: Accounts) -> int:
    known = accounts.account(call.arguments.name.strip())
    if known is None:
        return _refuse(call, "user.unknown")
    return _give_link(call, settings, accounts, known.role, known.cameras)


def _give_link(
    call: Call,
    settings: HubSettings | TownshipSettings,
    accounts: Accounts,
    role: Role,
    cameras: frozenset[str] | None = None,
) -> int:
    from edge.site.invitations import invite  # noqa: PLC0415 - loads the pages

    address = call.arguments.url or page_address(settings)
    if not address:
        return _refuse(call, "user.no_address")
    name = call.arguments.name.strip()
    link = invite(accounts, SystemClock(), name, role, address, cameras=cameras)
    accounts.audit(WHO, "invite", name)
    call.say("user.link", name=name, role=call.words(f"role.{role.value}"))
    call.tell(link)
    return OK


def _remove(call: Call, accounts: Accounts) -> int:
    name = call.arguments.name.strip()
    if accounts.account(name) is None:
        return _refuse(call, "user.unknown")
    accounts.remove_account(name)
    accounts.audit(WHO, "remove_account", name)
    call.say("user.removed", name=name)
    return OK


def _list(call: Call, accounts: Accounts) -> int:
    people = accounts.accounts()
    if not people:
        call.say("user.nobody")
    for person in people:
        call.tell(f"{person.name}\t{call.words(f'role.{person.role.value}')}")
    return OK


def _refuse(call: Call, key: str) -> int:
    call.complain(key, name=call.arguments.name.strip())
    return FAILED


def page_address(settings: HubSettings | TownshipSettings) -> str:
    """Where people find the pages; empty if the port is chosen anew at each start."""
    web = settings.web
    if web.public_url:
        return web.public_url
    if web.port == 0:
        return ""
    host = own_address() if web.host in {"0.0.0.0", "::"} else web.host  # noqa: S104 - compared
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if web.certificate else 'http'}://{host}:{web.port}"


def own_address() -> str:
    """The address by which others reach this machine; its name where it has no network."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # connecting a datagram socket sends nothing
            address: str = probe.getsockname()[0]
            return address
    except OSError:
        return socket.gethostname()


COMMAND = Command("user", add_arguments, run)
