"""`village-hub schema`: the wire and the settings as documents for machines and people."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge.cli.command import OK, Call, Command
from edge.files import write_durably
from edge.settings.document import settings_reference
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    parser.add_argument("--out", metavar="DIR", type=Path, help=words("schema.out"))


def run(call: Call) -> int:
    found = documents()
    folder: Path | None = call.arguments.out
    if folder is None:
        for name, text in found.items():
            if name.endswith(".json"):
                call.tell(text.rstrip("\n"))
        return OK
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        write_durably(folder / name, text.encode(), mode=0o644)
        call.say("schema.wrote", path=folder / name)
    return OK


def documents() -> dict[str, str]:
    """Every document by its file name."""
    from edge.link.contract import asyncapi, json_schema  # noqa: PLC0415 - only this wants it

    return {
        "messages.schema.json": _pretty(json_schema()),
        "asyncapi.json": _pretty(asyncapi()),
        "settings.md": settings_reference(),
    }


def _pretty(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


COMMAND = Command("schema", add_arguments, run)
