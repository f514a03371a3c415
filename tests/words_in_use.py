"""Which words the pages use, read from templates and code, to compare with the words files."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path
from typing import Any

_KEY = re.compile(r"""\bt\(\s*["']([a-z_0-9.]+)["']""")
_QUOTED = re.compile(r"""["']([a-z_]+\.[a-z_0-9]+)["']""")
_FAMILY = re.compile(r"""\bname\(\s*["']([a-z_]+)["']""")
_JOINED = re.compile(r"""\bt\(\s*["']([a-z_.]+)["']\s*~""")


def sources(folder: Path) -> str:
    """Every template and module of a folder as one text."""
    found = [*folder.rglob("*.html"), *folder.rglob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(found))


def keys(words: Path) -> dict[str, str]:
    """Every key of a words file with its sentence."""
    flat: dict[str, str] = {}

    def walk(table: dict[str, Any], prefix: str) -> None:
        for key, value in table.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
            else:
                flat[prefix + key] = value

    walk(tomllib.loads(words.read_text(encoding="utf-8")), "")
    return flat


def asked_for(text: str) -> set[str]:
    """Keys that are named in full."""
    return {key for key in _KEY.findall(text) if not key.endswith(("_", "."))}


def unused(known: set[str], text: str) -> set[str]:
    """Keys of a words file that nothing in the text can ask for."""
    named = set(_KEY.findall(text)) | set(_QUOTED.findall(text))
    families = tuple(f"{family}." for family in _FAMILY.findall(text))
    beginnings = tuple(_JOINED.findall(text))
    return {key for key in known - named if not key.startswith(families + beginnings)}


def placeholders(sentence: str) -> set[str]:
    """Names in curly brackets."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
