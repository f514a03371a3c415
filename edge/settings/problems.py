"""What is wrong with a configuration, as data first and as a sentence at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.words import Words

Loc = tuple[str | int, ...]

_ENGLISH = ("reason", "about")
"""Values in the words of the system, of a library or of our own reference."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct.

    Attributes:
        code: Key of the sentence in the words files.
        file: Name of the file (or layer) it is in.
        loc: Where in the tables; empty if the file as a whole is meant.
        values: What else the sentence wants.
    """

    code: str
    file: str = ""
    loc: Loc = ()
    values: Mapping[str, object] = field(default_factory=dict)


def sentence(problem: Problem, tree: object, words: Words) -> str:
    """Say it.

    Args:
        problem: What is wrong.
        tree: The merged tables, so that a camera is named by its id.
        words: Sentences of the settings in the reader's language.
    """
    key = dotted(problem.loc, tree)
    last = next((part for part in reversed(problem.loc) if isinstance(part, str)), "")
    values = {"file": problem.file, "key": key, "last": last, **problem.values}
    values |= {name: words.plain(values[name]) for name in _ENGLISH if name in values}
    return words(problem.code, **{name: _printable(str(v)) for name, v in values.items()})


def dotted(loc: Loc, tree: object) -> str:
    """A place as people write it, for example `camera[shuiku].rule[0].zone`."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            inside = isinstance(tree, list) and part < len(tree)
            tree = tree[part] if inside else None  # type: ignore[index] # a list, see above
            name = tree.get("id") if isinstance(tree, dict) else None
            text += f"[{_short(name) if isinstance(name, str) and name else part}]"
        else:
            tree = tree.get(part) if isinstance(tree, dict) else None
            text += f".{_short(part)}" if text else _short(part)
    return text


def _short(text: str, limit: int = 48) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def _printable(text: str) -> str:
    """Harmless on one line of a terminal, whatever somebody wrote into the file."""
    return "".join(c if c.isprintable() else "?" for c in text)
