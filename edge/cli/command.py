"""What a sub-command is, and what it gets when it is called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from edge.errors import SettingsError
from edge.words import Words

OK = 0
FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the command line.

    Attributes:
        arguments: What was typed.
        words: Sentences in the reader's language.
        environ: Variables of the process.
        out: Where answers go; complaints go to stderr.
    """

    arguments: argparse.Namespace
    words: Words
    environ: Mapping[str, str]
    out: TextIO = field(default_factory=lambda: sys.stdout)

    def say(self, key: str, /, **values: object) -> None:
        """Print a sentence of the words files."""
        self.tell(self.words(key, **values))

    def complain(self, key: str, /, **values: object) -> None:
        """Say on stderr what went wrong."""
        print(self.words(key, **values), file=sys.stderr, flush=True)

    def tell(self, line: str) -> None:
        print(line, file=self.out, flush=True)


@dataclass(frozen=True, slots=True)
class Command:
    """One sub-command; its words are `<name>.about` and `<name>.examples`.

    Attributes:
        add_arguments: Declares what may be typed.
        run: Does it and gives the exit status.
    """

    name: str
    add_arguments: Callable[[argparse.ArgumentParser, Words], None]
    run: Callable[[Call], int]


def add_config(parser: argparse.ArgumentParser, words: Words, *, required: bool = True) -> None:
    """The option that nearly every command has.

    Args:
        parser: Of the command, or of one of its actions.
        words: For the help.
        required: False where an action below asks for it; then `need_config` checks.
    """
    # Suppressed, or an action's own default would overwrite what stood before the action.
    parser.add_argument(
        "--config",
        required=required,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help=words("argument.config"),
    )


def need_config(call: Call) -> None:
    """Make sure that `--config` was typed.

    Raises:
        SettingsError: It was not.
    """
    if not hasattr(call.arguments, "config"):
        program = f"village-hub {call.arguments.command}"
        raise SettingsError([call.words("usage.required", what="--config", program=program)])
