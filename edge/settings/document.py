"""The reference of all settings, made from the schema; `edge/design/settings.md` is its output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from edge.settings.load import HUB_VARIABLES, TOWNSHIP_VARIABLES
from edge.settings.schema import HubSettings, Section, TownshipSettings
from edge.settings.shapes import bounds, choices, members, section_of, tables

_HEAD = f"""\
# Settings

Made from `edge/settings/schema.py` by `village-hub schema --out DIR`; do not edit by hand.

Each program has one TOML file. Its layers, the later over the earlier: factory file, the file of
`--config`, `override.toml` in the state folder (written by the pages), environment variables
such as `{HUB_VARIABLES}WEB__PORT` or `{TOWNSHIP_VARIABLES}WEB__PORT` (for tests). Tables merge
key by key; cameras, zones and speakers merge by their `id`; everything else is replaced.

Relative paths are relative to the folder of the file. Under systemd, `STATE_DIRECTORY` is the
state folder unless one is configured, and files are first looked for in
`CREDENTIALS_DIRECTORY`. Secrets are never values, always files. An unknown key is an error.
`village-hub check --config FILE` tells every problem at once.
"""
_KINDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
}
_LIMITS = {
    "at_least": "≥ {}",
    "more_than": "> {}",
    "at_most": "≤ {}",
    "less_than": "< {}",
    "fewest": "at least {} long",
    "most": "at most {} long",
}


def settings_reference() -> str:
    """The whole document, Markdown."""
    parts = [_HEAD]
    for title, model in (("hub.toml", HubSettings), ("township.toml", TownshipSettings)):
        parts.append(f"## {title}\n")
        parts += [_table(head, section) for head, section in _tables(model)]
    return "\n".join(parts)


def _tables(model: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    for table in tables(model):
        if any(section_of(f.annotation) is None for f in table.section.model_fields.values()):
            yield table.head or "At the top", table.section


def _table(head: str, section: type[Section]) -> str:
    about = (section.__doc__ or "").strip().splitlines()[0]
    rows = [
        _row(name, field)
        for name, field in section.model_fields.items()
        if section_of(field.annotation) is None
    ]
    title = f"`{head}`" if head.startswith("[") else head
    lines = [f"### {title}: {about}", "", "| key | value | if absent | meaning |"]
    return "\n".join([*lines, "|---|---|---|---|", *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_kind(field)} | {_default(field)} | {field.description or ''} |"


def _kind(field: FieldInfo) -> str:
    if words := choices(field.annotation):
        text = ", ".join(f"`{word}`" for word in words)
    else:
        kinds = (_KINDS.get(part, "list of corners") for part in members(field.annotation))
        text = " or ".join(dict.fromkeys(kinds))
    if str(field.annotation).startswith("dict"):
        text = f"table of {text}s"
    limits = [_LIMITS[key].format(value) for key, value in bounds(field).items()]
    return ", ".join([text, *limits])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or value in ("", [], {}):
        return "none"
    if isinstance(value, list):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
