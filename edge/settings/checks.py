"""What a schema cannot see: names that must agree, outlines, and files that must be there.

The checks read the raw tables, so that they also speak while other settings are still wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from edge.settings.demands import RuleKinds, check_rule
from edge.settings.layers import Tree
from edge.settings.outlines import SMALLEST, area, crosses_itself, outline
from edge.settings.places import Places, Presence, needed_files, presence
from edge.settings.problems import Loc, Problem
from edge.settings.schema import Section

_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*:[^/]*@", re.IGNORECASE)
_IN_QUERY = re.compile(r"[?&](passw(or)?d|pwd|pass)=[^&]", re.IGNORECASE)


def check(
    tree: Tree,
    model: type[Section],
    places: Places,
    *,
    comma: str,
    rule_kinds: RuleKinds = (),
) -> Iterator[Problem]:
    """Every problem of the merged tables that is not a matter of the schema.

    Args:
        tree: The merged tables, as they were read.
        model: The schema, which says what is a path.
        places: What relative paths mean.
        comma: Separator of enumerations in the reader's language.
        rule_kinds: The kinds of rules there are, if possible with what they demand; empty takes
            any.
    """
    for name in ("camera", "speaker", "sound_zone"):
        yield from _double_ids(_tables(tree, name), (name,))
    for index, camera in _tables(tree, "camera"):
        yield from _camera(camera, ("camera", index), comma)
        for number, rule in _tables(camera, "rule"):
            yield from check_rule(rule, ("camera", index, "rule", number), rule_kinds, comma)
    yield from _files(tree, model, places)
    yield from _pairs(tree)


def _tables(tree: Tree, name: str) -> list[tuple[int, dict[str, Any]]]:
    value = tree.get(name)
    items = enumerate(value) if isinstance(value, list) else ()
    return [(index, item) for index, item in items if isinstance(item, dict)]


def _double_ids(found: list[tuple[int, dict[str, Any]]], loc: Loc) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, table in found:
        name = table.get("id")
        if not isinstance(name, str):
            continue
        if name in seen:
            yield Problem("double_id", loc=(*loc, index))
        seen.add(name)


def _camera(camera: Tree, loc: Loc, comma: str) -> Iterator[Problem]:
    yield from _double_ids(_tables(camera, "zone"), (*loc, "zone"))
    url = camera.get("url")
    if isinstance(url, str) and (_PASSWORD.match(url) or _IN_QUERY.search(url)):
        yield Problem("password_in_url", loc=(*loc, "url"))
    zones = [z["id"] for _, z in _tables(camera, "zone") if isinstance(z.get("id"), str)]
    for index, rule in _tables(camera, "rule"):
        wanted = rule.get("zone", "")
        if isinstance(wanted, str) and wanted and wanted not in zones:
            yield _unknown_zone(wanted, zones, (*loc, "rule", index, "zone"), comma)
    for index, zone in _tables(camera, "zone"):
        yield from _outline(zone.get("polygon"), (*loc, "zone", index, "polygon"))
    masks = camera.get("privacy_masks")
    for index, mask in enumerate(masks if isinstance(masks, list) else ()):
        yield from _outline(mask, (*loc, "privacy_masks", index))


def _unknown_zone(wanted: str, zones: list[str], loc: Loc, comma: str) -> Problem:
    values = {"zone": wanted[:48], "known": comma.join(zones)}
    near = get_close_matches(wanted, zones, n=1)
    if near:
        return Problem("unknown_zone_near", loc=loc, values={**values, "near": near[0]})
    return Problem("unknown_zone" if zones else "unknown_zone_none", loc=loc, values=values)


def _outline(value: object, loc: Loc) -> Iterator[Problem]:
    corners = outline(value)
    if corners is None:
        return
    if crosses_itself(corners):
        yield Problem("crossing", loc=loc)
    elif area(corners) < SMALLEST:
        yield Problem("flat", loc=loc)


def _files(tree: Tree, model: type[Section], places: Places) -> Iterator[Problem]:
    for loc, text in needed_files(model, tree):
        if loc[0] == "vision":
            continue  # a detector that is gone must not keep the box from starting: see supervisor
        path = places.file(Path(text))
        found = presence(path)
        if found is not Presence.THERE:
            code = "no_file" if found is Presence.ABSENT else "no_access"
            yield Problem(code, loc=loc, values={"path": path})


def _pairs(tree: Tree) -> Iterator[Problem]:
    for name in ("web", "link"):
        table = tree.get(name)
        if not isinstance(table, dict):
            continue
        if table.get("certificate") and not table.get("key"):
            yield Problem("no_key", loc=(name, "certificate"))
        if table.get("key") and not table.get("certificate"):
            yield Problem("no_certificate", loc=(name, "key"))
        if table.get("command_key_id") and not table.get("command_key_file"):
            yield Problem("no_command_key_file", loc=(name, "command_key_id"))
        if table.get("command_key_file") and not table.get("command_key_id"):
            yield Problem("no_command_key_id", loc=(name, "command_key_file"))
