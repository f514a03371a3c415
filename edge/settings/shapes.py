"""What the schema allows at a place of the tree; for suggestions, paths and the document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic.fields import FieldInfo

from edge.settings.problems import Loc
from edge.settings.schema import Section


def members(annotation: Any) -> Iterator[Any]:
    """The types an annotation is made of, without `Annotated`, `None` and containers."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from members(get_args(annotation)[0])
    elif origin in {list, Union, UnionType}:
        for part in get_args(annotation):
            yield from members(part)
    elif origin is dict:
        yield from members(get_args(annotation)[1])
    elif annotation is not type(None):
        yield annotation


def section_of(annotation: Any) -> type[Section] | None:
    """The table that a field holds, if it holds one (or a list of them)."""
    for part in members(annotation):
        if isinstance(part, type) and issubclass(part, Section):
            return part
    return None


def section_at(model: type[Section], loc: Loc) -> type[Section] | None:
    """The table at a place of the tree."""
    found: type[Section] | None = model
    named = False
    for part in loc:
        if isinstance(part, int):
            continue
        if named:
            named = False
            continue
        field = found.model_fields.get(part) if found is not None else None
        found = section_of(field.annotation) if field is not None else None
        named = field is not None and get_origin(field.annotation) is dict
    return found


def holds_path(field: FieldInfo) -> bool:
    return any(part is Path for part in members(field.annotation))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the file, as people write its head.

    Attributes:
        head: For example `[web]`, `[[camera.zone]]` or, where people choose the name of the table,
            `[cases.kinds.NAME]`; empty for the top.
    """

    head: str
    section: type[Section]


def tables(model: type[Section], prefix: str = "", head: str = "") -> Iterator[Table]:
    """Every table of a file in the order of the schema."""
    yield Table(head, model)
    for name, field in model.model_fields.items():
        inner = section_of(field.annotation)
        if inner is not None:
            path = f"{prefix}{name}.NAME" if get_origin(field.annotation) is dict else prefix + name
            many = get_origin(field.annotation) is list
            yield from tables(inner, f"{path}.", f"[[{path}]]" if many else f"[{path}]")


def bounds(field: FieldInfo) -> dict[str, object]:
    """Limits of a value: `at_least`, `more_than`, `at_most`, `less_than`, `fewest`, `most`."""
    names = {
        Ge: ("at_least", "ge"),
        Gt: ("more_than", "gt"),
        Le: ("at_most", "le"),
        Lt: ("less_than", "lt"),
        MinLen: ("fewest", "min_length"),
        MaxLen: ("most", "max_length"),
    }
    found: dict[str, object] = {}
    for item in field.metadata:
        for kind, (name, attribute) in names.items():
            if isinstance(item, kind):
                found[name] = getattr(item, attribute)
    return found


def choices(annotation: Any) -> tuple[str, ...]:
    """The words a field may be, where they are a closed set."""
    for part in members(annotation):
        if get_origin(part) is Literal:
            return get_args(part)
    return ()
