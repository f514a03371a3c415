"""Run one call of the command line: parse, do, and turn every failure into sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from broadcast.errors import BroadcastError
from edge.cli.command import BAD_INPUT, FAILED, INTERRUPTED, Call, Command
from edge.cli.commands import COMMANDS
from edge.cli.parser import build_parser
from edge.errors import EdgeError, SettingsError
from edge.words import LANGUAGES, Language, Words, language_of
from vision.errors import VisionError


def run(
    argv: Sequence[str],
    environ: Mapping[str, str],
    commands: Sequence[Command] = COMMANDS,
) -> int:
    """Do what was typed; never raises.

    Args:
        argv: Arguments without the name of the program.
        environ: Variables of the process.
        commands: What may be typed.

    Returns:
        Exit status: 0 done, 1 failed, 2 wrong input or configuration, 130 interrupted.
    """
    words = Words.load("edge.cli", chosen_language(argv, environ))
    parser = build_parser(commands, words)
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as end:
        return int(end.code or 0)
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return BAD_INPUT
    return _do(Call(arguments, words, environ))


def _do(call: Call) -> int:  # noqa: PLR0911 - one line per way to fail
    words = call.words
    try:
        return int(call.arguments.run(call))
    except SettingsError as error:
        return _complain(error.problems, BAD_INPUT)
    except (EdgeError, VisionError, BroadcastError) as error:
        return _complain(words.plain(error).splitlines(), FAILED)
    except ImportError as error:
        return _complain([words("failure.install", reason=error)], FAILED)
    except BrokenPipeError:
        # The reader went away (`| head`); nothing more may be written, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _complain([_system(error, words)], FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def chosen_language(argv: Sequence[str], environ: Mapping[str, str]) -> Language:
    """`--lang zh`, wherever it stands; else the locale."""
    wanted = ""
    for index, word in enumerate(argv):
        if word == "--lang" and index + 1 < len(argv):
            wanted = argv[index + 1]
        elif word.startswith("--lang="):
            wanted = word.removeprefix("--lang=")
    return next((known for known in LANGUAGES if known == wanted), language_of(environ))


def _complain(sentences: Sequence[str], status: int) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return status


def _system(error: OSError, words: Words) -> str:
    reason = words.plain(error.strerror or error)
    if error.filename:
        return words("failure.file", path=error.filename, reason=reason)
    return words("failure.system", reason=reason)
