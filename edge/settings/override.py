"""Write the layer that the pages own, as a whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edge.files import write_durably

HEAD = "# Written by the pages; settings here go before those of the village file.\n"
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def write_override(path: Path, tree: Mapping[str, Any]) -> None:
    """Replace the override file.

    Args:
        path: `override.toml` in the state folder, which must exist.
        tree: Tables of text, numbers, truth values, paths, lists and tables.

    Raises:
        OSError: The disk is full or read-only; the old file is untouched.
        TypeError: A value is none of these; nothing was written.
    """
    write_durably(path, to_toml(tree).encode())


def to_toml(tree: Mapping[str, Any]) -> str:
    """The tables as TOML 1.0 text."""
    return HEAD + "".join(f"{line}\n" for line in _table(tree, ()))


def _table(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    later: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping) or _is_tables(value):
            later.append((name, value))
        else:
            yield f"{_key(name)} = {_value(value)}"
    for name, value in later:
        inner = (*path, name)
        head = ".".join(map(_key, inner))
        for table in [value] if isinstance(value, Mapping) else value:
            yield f"[{head}]" if isinstance(value, Mapping) else f"[[{head}]]"
            yield from _table(table, inner)


def _is_tables(value: Any) -> bool:
    is_list = isinstance(value, list | tuple) and len(value) > 0
    return is_list and all(isinstance(item, Mapping) for item in value)


def _key(name: str) -> str:
    return name if name and set(name) <= _BARE else _text(name)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value)  # Python's and TOML's numbers are written alike, nan and inf too
        case str() | Path():
            return _text(str(value))
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case Mapping():
            pairs = (f"{_key(name)} = {_value(inner)}" for name, inner in value.items())
            return f"{{{', '.join(pairs)}}}"
    raise TypeError(f"A {type(value).__name__} cannot be written as a setting.")


def _text(text: str) -> str:
    # JSON escapes as TOML does, except for DEL, which TOML does not allow unescaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
