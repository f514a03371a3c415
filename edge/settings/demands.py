"""What a kind of rule demands of its settings: a line, a limit, a direction, labels it can mean."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge.settings.layers import Tree
from edge.settings.problems import Loc, Problem


@dataclass(frozen=True, slots=True)
class Demands:
    """What one kind demands.

    Attributes:
        line: A line must be drawn.
        limit: A number must be given that may not be exceeded.
        direction: The allowed direction must be given.
        labels: Labels it can mean; empty takes any.
    """

    line: bool = False
    limit: bool = False
    direction: bool = False
    labels: tuple[str, ...] = ()


RuleKinds = Mapping[str, Demands] | Collection[str]
"""The kinds of rules there are, with what they demand if that is known."""


def check_rule(rule: Tree, loc: Loc, kinds: RuleKinds, comma: str) -> Iterator[Problem]:
    """Every problem of one rule with its kind; the reading is of the raw table."""
    kind = rule.get("kind", "intrusion")
    if not isinstance(kind, str):
        return
    if kinds and kind not in kinds:
        values = {"expected": comma.join(f"'{name}'" for name in kinds)}
        yield Problem("choice", loc=(*loc, "kind"), values=values)
    yield from _line(rule.get("line"), (*loc, "line"))
    if isinstance(kinds, Mapping) and kind in kinds:
        yield from _demanded(rule, loc, kind, kinds[kind], comma)


def _demanded(rule: Tree, loc: Loc, kind: str, wanted: Demands, comma: str) -> Iterator[Problem]:
    values = {"kind": kind}
    if wanted.line and rule.get("line") is None:
        yield Problem("no_line", loc=loc, values=values)
    if wanted.limit and rule.get("limit") is None:
        yield Problem("no_limit", loc=loc, values=values)
    if wanted.direction and rule.get("direction_deg") is None:
        yield Problem("no_direction", loc=loc, values=values)
    labels = rule.get("labels")
    named = [x for x in labels if isinstance(x, str)] if isinstance(labels, list) else []
    if wanted.labels and (useless := [label for label in named if label not in wanted.labels]):
        useful = comma.join(f"'{label}'" for label in wanted.labels)
        about = {**values, "label": comma.join(useless)[:80], "expected": useful}
        yield Problem("label_of_kind", loc=(*loc, "labels"), values=about)


def _line(value: Any, loc: Loc) -> Iterator[Problem]:
    if isinstance(value, list) and len(value) == 2 and value[0] == value[1]:
        yield Problem("short_line", loc=loc)
