"""Configuration in layers: read each, lay one over the other, remember whose is whose."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.settings.problems import Loc, Problem

Tree = dict[str, Any]

MAX_BYTES = 1 << 20
_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings.

    Attributes:
        name: What an error sentence calls it: the path of the file.
        tree: Its tables.
    """

    name: str
    tree: Tree


def read_file(path: Path) -> Layer | Problem:
    """Read a TOML file; a byte order mark and the line ends of Windows are welcome."""
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Problem("missing_file", name)
    except (OSError, ValueError) as error:
        return Problem("unreadable_file", name, values={"reason": _reason(error)})
    return parse(name, data)


def parse(name: str, data: bytes) -> Layer | Problem:
    """Read TOML that may be anything."""
    if len(data) > MAX_BYTES:
        return Problem("too_large", name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem("not_utf8", name, values={"line": data.count(b"\n", 0, error.start) + 1})
    try:
        return Layer(name, tomllib.loads(text))
    except RecursionError:
        return Problem("too_deep", name)
    except ValueError as error:  # also numbers of more digits than Python reads
        return _syntax(name, str(error))


def _syntax(name: str, message: str) -> Problem:
    place = _PLACE.search(message)
    if place is None:
        reason = message.removesuffix(" (at end of document)")
        return Problem("syntax_end", name, values={"reason": reason})
    return Problem("syntax", name, values={"line": place[1], "reason": message[: place.start()]})


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def from_environment(environ: Mapping[str, str], prefix: str, name: str) -> Layer:
    """Settings from variables such as `VILLAGE_HUB__WEB__PORT`, for tests.

    Values are text, which the schema turns into numbers; `[…]` and `{…}` are read as TOML.
    """
    tree: Tree = {}
    for variable in sorted(environ):
        if variable.startswith(prefix):
            *above, last = variable.removeprefix(prefix).lower().split("__")
            table = tree
            for part in above:
                inner = table.setdefault(part, {})
                table = inner if isinstance(inner, dict) else table
            table[last] = _value(environ[variable])
    return Layer(name, tree)


def _value(text: str) -> object:
    if text[:1] in {"[", "{"}:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except (ValueError, RecursionError):
            return text
    return text


def merge(lower: Tree, upper: Tree) -> Tree:
    """Lay `upper` over `lower`: tables merge, lists of tables merge by `id`, else it replaces."""
    merged = dict(lower)
    for key, value in upper.items():
        merged[key] = _over(merged.get(key), value)
    return merged


def _over(lower: object, upper: object) -> object:
    if isinstance(lower, dict) and isinstance(upper, dict):
        return merge(lower, upper)
    if _by_id(lower) and _by_id(upper):
        return _merge_lists(lower, upper)  # type: ignore[arg-type] # _by_id has looked
    return upper


def _by_id(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) and "id" in v for v in value)


def _merge_lists(lower: list[Tree], upper: list[Tree]) -> list[Tree]:
    merged = list(lower)
    known = {str(table["id"]): index for index, table in reversed(list(enumerate(lower)))}
    for table in upper:
        index = known.get(str(table["id"]))
        if index is None:
            merged.append(table)
        else:
            merged[index] = merge(merged[index], table)
    return merged


def origin(loc: Loc, merged: Tree, layers: Sequence[Layer], *, main: str) -> str:
    """Name of the layer that says most about a place in the merged tree.

    Of equals the last one, whose word counts; `main` where no layer says anything.
    """
    best, name = 1, main
    for layer in layers:
        depth = _depth(loc, merged, layer.tree)
        if depth >= best:
            best, name = depth, layer.name
    return name


def _depth(loc: Loc, merged: object, tree: object) -> int:
    depth = 0
    for part in loc:
        merged = _step(merged, part)
        if isinstance(part, int) and isinstance(merged, dict) and "id" in merged:
            tree = _with_id(tree, merged["id"])
        else:
            tree = _step(tree, part)
        if tree is None:
            return depth
        depth += 1
    return depth


def _step(tree: object, part: str | int) -> object:
    if isinstance(tree, dict):
        return tree.get(part)
    if isinstance(tree, list) and isinstance(part, int) and 0 <= part < len(tree):
        return tree[part]
    return None


def _with_id(tree: object, wanted: object) -> object:
    if not isinstance(tree, list):
        return None
    return next((t for t in tree if isinstance(t, dict) and t.get("id") == wanted), None)
