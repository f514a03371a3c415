"""Turn what the schema refuses into problems that have a sentence of our own."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge.settings.problems import Loc, Problem
from edge.settings.schema import Section
from edge.settings.shapes import section_at, section_of, tables

_SIMPLE = {
    "string_type": "not_text",
    "int_type": "not_whole",
    "int_parsing": "not_whole",
    "int_parsing_size": "not_whole",
    "int_from_float": "not_whole",
    "float_type": "not_number",
    "float_parsing": "not_number",
    "bool_type": "not_truth",
    "bool_parsing": "not_truth",
    "list_type": "not_list",
    "tuple_type": "corner",
    "dict_type": "not_table",
    "model_type": "not_table",
    "model_attributes_type": "not_table",
    "path_type": "not_path",
    "finite_number": "not_finite",
}
_LIMITS = {
    "greater_than_equal": ("at_least", "ge"),
    "greater_than": ("more_than", "gt"),
    "less_than_equal": ("at_most", "le"),
    "less_than": ("less_than", "lt"),
    "string_too_long": ("long_text", "max_length"),
    "too_short": ("too_few", "min_length"),
}
_OUTLINES = frozenset({"polygon", "privacy_masks", "line"})


def refusals(error: ValidationError, model: type[Section], *, comma: str) -> list[Problem]:
    """One problem per refused place.

    Args:
        error: What pydantic says.
        model: The whole schema, for suggestions.
        comma: Separator of enumerations in the reader's language.
    """
    found = []
    for one in error.errors(include_url=False):
        problem = _problem(one, model, comma)
        if problem not in found:
            found.append(problem)
    return found


def _problem(  # noqa: PLR0911 - one line per kind of refusal
    one: ErrorDetails, model: type[Section], comma: str
) -> Problem:
    kind, loc, limits = one["type"], one["loc"], one.get("ctx", {})
    if _OUTLINES & {*loc}:
        return _corner_problem(kind, loc, limits)
    if kind == "extra_forbidden":
        return _unknown_key(loc, model, comma)
    if kind == "missing":
        return Problem("missing", loc=loc, values={"about": _about(model, loc)})
    if kind == "literal_error":
        return Problem("choice", loc=loc, values={"expected": _expected(limits, comma)})
    if kind == "string_pattern_mismatch":
        return Problem("bad_kind" if loc[-1] == "kind" else "bad_id", loc=loc)
    if kind == "string_too_short":
        return Problem("empty_text", loc=loc)
    if kind == "too_long":
        return Problem("too_many", loc=loc, values={"limit": limits.get("max_length", "")})
    if kind in _LIMITS:
        code, name = _LIMITS[kind]
        return Problem(code, loc=loc, values={"limit": limits.get(name, "")})
    if kind in _SIMPLE:
        return Problem(_SIMPLE[kind], loc=loc)
    return Problem("other", loc=loc, values={"reason": one["msg"]})


def _corner_problem(kind: str, loc: Loc, limits: dict[str, Any]) -> Problem:
    """Corners are pairs in lists in lists; whatever is wrong inside a pair is one problem."""
    start = next(i for i, part in enumerate(loc) if part in _OUTLINES)
    depth = start + (3 if loc[start] == "privacy_masks" else 2)
    if len(loc) >= depth:
        return Problem("corner", loc=loc[:depth])
    if kind == "too_short":
        return Problem("too_few", loc=loc, values={"limit": limits.get("min_length", "")})
    if kind == "too_long":
        return Problem("too_many", loc=loc, values={"limit": limits.get("max_length", "")})
    if kind == "missing":
        return Problem("missing", loc=loc, values={"about": "[[x, y], …]"})
    return Problem("not_list", loc=loc)


def _unknown_key(loc: Loc, model: type[Section], comma: str) -> Problem:
    name = str(loc[-1])
    section = section_at(model, loc[:-1])
    known = list(section.model_fields) if section is not None else []
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    if near:
        return Problem("unknown_key_near", loc=loc, values={"near": near[0]})
    places = [table.head for table in tables(model) if table.head and _has(table.section, name)]
    if places:
        return Problem("unknown_key_elsewhere", loc=loc, values={"places": comma.join(places)})
    return Problem("unknown_key", loc=loc, values={"known": comma.join(known)})


def _has(section: type[Section], name: str) -> bool:
    field = section.model_fields.get(name)
    return field is not None and section_of(field.annotation) is None


def _about(model: type[Section], loc: Loc) -> str:
    section = section_at(model, loc[:-1])
    field = section.model_fields.get(str(loc[-1])) if section is not None else None
    if field is None:
        return "…"
    inner = section_of(field.annotation)
    if field.description:
        return field.description
    needed = [n for n, f in inner.model_fields.items() if f.is_required()] if inner else []
    return f"[{loc[-1]}]: {', '.join(needed)}"


def _expected(limits: dict[str, Any], comma: str) -> str:
    return str(limits.get("expected", "")).replace(" or ", ", ").replace(", ", comma)
