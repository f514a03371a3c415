"""Read a configuration: layers, schema, checks; either settings or every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import reduce
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from edge.errors import SettingsError
from edge.settings.checks import check
from edge.settings.demands import RuleKinds
from edge.settings.layers import Layer, Tree, from_environment, merge, origin, read_file
from edge.settings.places import MODELS, Places, Presence, anchored, presence
from edge.settings.problems import Problem, sentence
from edge.settings.refusals import refusals
from edge.settings.schema import HubSettings, Section, TownshipSettings
from edge.words import Language, Words

S = TypeVar("S", bound=Section)

OVERRIDE = "override.toml"
"""Name of the file in the state folder that the pages write."""

HUB_VARIABLES = "VILLAGE_HUB__"
TOWNSHIP_VARIABLES = "VILLAGE_TOWNSHIP__"


def load_hub(
    path: Path,
    *,
    factory: Path | None = None,
    override: Path | None = None,
    environ: Mapping[str, str] | None = None,
    language: Language = "en",
    rule_kinds: RuleKinds = (),
) -> HubSettings:
    """Read `hub.toml`.

    Layers, each over the one before: `factory`, `path`, `override`, variables such as
    `VILLAGE_HUB__WEB__PORT`. Relative paths are relative to the folder of `path`.

    Args:
        path: The village's file.
        factory: A file below it, if there is one.
        override: The file above it; `override.toml` of the state folder if not given. It may be
            absent.
        environ: Variables; none if not given. `STATE_DIRECTORY` and `CREDENTIALS_DIRECTORY` of
            systemd are obeyed.
        language: Of the sentences in the error.
        rule_kinds: The kinds of rules there are, if possible with what they demand; if not
            given, any name is taken.

    Raises:
        SettingsError: With every problem at once.
    """
    reading = _Reading(path, factory, override, environ or {}, HUB_VARIABLES, language, rule_kinds)
    return _load(HubSettings, reading)


def load_township(
    path: Path,
    *,
    factory: Path | None = None,
    override: Path | None = None,
    environ: Mapping[str, str] | None = None,
    language: Language = "en",
) -> TownshipSettings:
    """Read `township.toml`; as `load_hub`, with `VILLAGE_TOWNSHIP__WEB__PORT`."""
    reading = _Reading(path, factory, override, environ or {}, TOWNSHIP_VARIABLES, language)
    return _load(TownshipSettings, reading)


def load_any(
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    language: Language = "en",
    rule_kinds: Callable[[], RuleKinds] = tuple,
) -> HubSettings | TownshipSettings:
    """Read either file, recognised by its table `[hub]` or `[township]`.

    Args:
        path: The file.
        environ: As in `load_hub`.
        language: As in `load_hub`.
        rule_kinds: Gives the kinds of rules; asked for a hub only.

    Raises:
        SettingsError: With every problem at once.
    """
    words = Words.load(__package__, language)
    layer = read_file(path)
    if isinstance(layer, Problem):
        raise SettingsError([sentence(layer, {}, words)])
    if "township" in layer.tree:
        return load_township(path, environ=environ, language=language)
    if "hub" in layer.tree or "camera" in layer.tree:
        kinds = rule_kinds()
        return load_hub(path, environ=environ, language=language, rule_kinds=kinds)
    raise SettingsError([sentence(_neither(layer), {}, words)])


def _neither(layer: Layer) -> Problem:
    for found in layer.tree:
        if near := get_close_matches(found.lower(), ["hub", "township"], n=1):
            values = {"found": found[:48], "near": near[0]}
            return Problem("no_program_near", layer.name, values=values)
    return Problem("no_program", layer.name)


@dataclass(frozen=True, slots=True)
class _Reading:
    path: Path
    factory: Path | None
    override: Path | None
    environ: Mapping[str, str]
    prefix: str
    language: Language
    rule_kinds: RuleKinds = ()

    @property
    def places(self) -> Places:
        return Places.of(self.path, self.environ)


def _load(model: type[S], reading: _Reading) -> S:
    words = Words.load(__package__, reading.language)
    layers, broken = _layers(reading, words)
    if broken:
        raise SettingsError([sentence(problem, {}, words) for problem in broken])
    try:
        tree: Tree = reduce(merge, (layer.tree for layer in layers), {})
        places = replace(reading.places, models=_state_of([tree], reading.places) / MODELS)
        settings, problems = _judge(model, tree, reading, words("comma"), places)
        located = _located(problems, tree, layers, str(reading.path))
        if settings is not None and not located:
            return anchored(settings, places)
        raise SettingsError([sentence(problem, tree, words) for problem in located])
    except RecursionError:
        deep = Problem("too_deep", str(reading.path))
        raise SettingsError([sentence(deep, {}, words)]) from None


def _layers(reading: _Reading, words: Words) -> tuple[list[Layer], list[Problem]]:
    files = [reading.factory, reading.path] if reading.factory else [reading.path]
    read = [read_file(file) for file in files]
    variables = from_environment(
        reading.environ, reading.prefix, words("environment", prefix=reading.prefix)
    )
    known = [layer.tree for layer in (*read, variables) if isinstance(layer, Layer)]
    override = reading.override or _state_of(known, reading.places) / OVERRIDE
    if presence(override) is not Presence.ABSENT:
        read.append(read_file(override))
    read.append(variables)
    layers = [layer for layer in read if isinstance(layer, Layer)]
    return layers, [problem for problem in read if isinstance(problem, Problem)]


def _state_of(trees: Iterable[Tree], places: Places) -> Path:
    """The state folder; the last one that is configured."""
    configured: Path | None = None
    for tree in trees:
        state = tree.get("state")
        folder = state.get("folder") if isinstance(state, dict) else None
        if isinstance(folder, str):
            configured = Path(folder)
    return places.state_folder(configured)


def _judge(
    model: type[S], tree: Tree, reading: _Reading, comma: str, places: Places
) -> tuple[S | None, list[Problem]]:
    problems: list[Problem] = []
    settings: S | None = None
    try:
        settings = model.model_validate(tree)
    except ValidationError as error:
        problems += refusals(error, model, comma=comma)
    problems += check(tree, model, places, comma=comma, rule_kinds=reading.rule_kinds)
    return settings, problems


def _located(
    problems: Sequence[Problem], tree: Tree, layers: Sequence[Layer], main: str
) -> list[Problem]:
    """The problems with the file each one is in, in the order of the file."""
    return [replace(p, file=origin(p.loc, tree, layers, main=main)) for p in problems]
