"""Finds every English sentence in the code that a person may come to read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

PACKAGES = ("edge", "vision", "broadcast")
ROOTS = {"EdgeError", "VisionError", "BroadcastError", "EspeakFault"}
PASSED_AS = {"reason", "fault", "sentence", "problem"}
VALUE = "⟦⟧"
"""Stands for what is filled in."""
_FORMAT = re.compile(r"\{\w+\}")
_SQL = ("SELECT ", "UPDATE ", "DELETE ", "INSERT ", ":", f"{VALUE} = ")
_MORE = re.compile(r"\.⟦⟧$")
"""One more sentence may follow, which stands elsewhere in the code."""
_ENDS_OPEN = re.compile(r"\. ?⟦⟧$")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence as it is written in the code, `VALUE` where something is filled in."""

    where: str
    text: str


def spoken(
    root: Path, skipped: frozenset[str] = frozenset(), *, fragments: bool = False
) -> list[Spoken]:
    """All sentences of the packages below `root`, without the modules of `skipped`.

    With `fragments` also every other text, which may become a part of a sentence.
    """
    trees = {
        path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        if "training" not in path.parts and "migrations" not in path.parts
    }
    errors = _errors(list(trees.values()))
    return [
        Spoken(f"{name}:{line}", text)
        for name, tree in trees.items()
        if name not in skipped
        for line, text in _of_module(tree, errors, fragments=fragments)
    ]


def _errors(trees: list[ast.Module]) -> set[str]:
    """Names of all classes below the roots of the error trees."""
    classes = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    found = set(ROOTS)
    while True:
        more = {
            c.name for c in classes for b in c.bases if isinstance(b, ast.Name) and b.id in found
        }
        if more <= found:
            return found
        found |= more


def _of_module(tree: ast.Module, errors: set[str], *, fragments: bool) -> Iterator[tuple[int, str]]:
    silent = _silent(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            given = list(node.args) if name in errors else []
            given += [k.value for k in node.keywords if k.arg in PASSED_AS]
            for argument in given:
                yield from ((argument.lineno, t) for t in _texts(argument) if " " in t)
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in silent:
            yield from ((node.lineno, t) for t in _texts(node) if fragments or _is_sentence(t))


def _silent(tree: ast.Module) -> set[int]:
    """Documentation, parts of f-strings, and what goes to the log."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            found |= {id(n) for n in node.values}
    return found


def _is_sentence(text: str) -> bool:
    bare = text.strip()
    return (
        " " in bare
        and not bare.startswith(_SQL)
        and (bare.endswith((".", "!", "?")) or _ENDS_OPEN.search(bare))
        and (bare[0].isupper() or bare.startswith(VALUE))
        and any(c.isalpha() for c in bare.replace(VALUE, ""))
    )


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts an expression may give; one with a choice in it gives several."""
    match node:
        case ast.Constant(value=str(text)):
            yield _FORMAT.sub(VALUE, text)
        case ast.JoinedStr(values=values):
            for parts in product(*([*_part(v)] for v in values)):
                yield _MORE.sub(".", "".join(parts))
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            yield from map("".join, product([*_texts(left)], [*_texts(right)]))
        case _:
            pass


def _part(node: ast.expr) -> Iterator[str]:
    if not isinstance(node, ast.FormattedValue):
        yield from _texts(node)
        return
    inner = [*_texts(node.value)] if isinstance(node.value, ast.IfExp) else []
    yield from inner or [f"'{VALUE}'" if node.conversion == ord("r") else VALUE]
