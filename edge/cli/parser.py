"""argparse in the reader's language, with examples, and one sentence where it complains."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Never

from edge import __version__
from edge.cli.command import BAD_INPUT, Command
from edge.words import LANGUAGES, Words

PROGRAM = "village-hub"

_COMPLAINTS = (
    ("required", re.compile(r"the following arguments are required: (?P<what>.+)")),
    ("unrecognized", re.compile(r"unrecognized arguments: (?P<what>.+)")),
    ("wants_value", re.compile(r"argument (?P<what>\S+): expected .*argument.*")),
    (
        "choice",
        re.compile(
            r"argument (?P<what>[^:]+): invalid choice: (?P<value>.+?) \(.*from (?P<from>.+)\)"
        ),
    ),
    ("value", re.compile(r"argument (?P<what>[^:]+): invalid \w+ value: (?P<value>.+)")),
)


class Parser(argparse.ArgumentParser):
    """A parser that speaks the reader's language."""

    def __init__(self, *, words: Words, **settings: object) -> None:
        super().__init__(
            add_help=False,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **settings,  # type: ignore[arg-type] # handed through as argparse names them
        )
        self.words = words
        self._optionals.title = words("help.options")
        self._positionals.title = words("help.arguments")
        self.add_argument("-h", "--help", action="help", help=words("argument.help"))
        self.add_argument("--lang", choices=LANGUAGES, help=words("argument.lang"))

    def format_help(self) -> str:
        return super().format_help().replace("usage:", self.words("help.usage"), 1)

    def error(self, message: str) -> Never:
        self.exit(BAD_INPUT, f"{self.explain(message)}\n")

    def explain(self, message: str) -> str:
        """What argparse complains about, as one sentence with the remedy."""
        for name, pattern in _COMPLAINTS:
            if found := pattern.fullmatch(message):
                values = {key: value or "" for key, value in found.groupdict().items()}
                return self.words(f"usage.{name}", program=self.prog, **values)
        return self.words("usage.other", program=self.prog, reason=message)

    def exit(self, status: int = 0, message: str | None = None) -> Never:
        if message:
            sys.stderr.write(message)
        raise SystemExit(status)


def build_parser(commands: Sequence[Command], words: Words) -> Parser:
    """The parser of the whole command."""
    parser = Parser(
        words=words,
        prog=PROGRAM,
        description=words("help.about"),
        epilog=words("help.epilog"),
    )
    version = words("help.version", version=__version__)
    parser.add_argument(
        "--version", action="version", version=version, help=words("argument.version")
    )
    below = parser.add_subparsers(
        title=words("help.commands"), dest="command", metavar=words("help.command")
    )
    for command in commands:
        about = words(f"{command.name}.about")
        sub = below.add_parser(
            command.name,
            words=words,
            help=about,
            description=about,
            epilog=f"{words('help.examples')}\n{words(f'{command.name}.examples')}",
        )
        command.add_arguments(sub, words)
        sub.set_defaults(run=command.run)
    return parser
