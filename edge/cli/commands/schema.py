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
        contract = {n.removesuffix(".json"): t for n, t in found.items() if n.endswith(".json")}
        parsed = {name: json.loads(text) for name, text in contract.items()}
        call.tell(json.dumps(parsed, ensure_ascii=False, indent=2))
        return OK
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        write_durably(folder / name, text.encode(), mode=0o644)
        call.say("schema.wrote", path=folder / name)
    return OK


def documents() -> dict[str, str]:
    """Every document by its file name."""
    from edge.link import schema  # noqa: PLC0415 - only this wants it

    return {**schema.documents(), "settings.md": settings_reference()}


COMMAND = Command("schema", add_arguments, run)
