"""The configuration that a call names, read in the language of the call."""

from __future__ import annotations

from pathlib import Path

from edge.cli.command import Call
from edge.settings import load_any, load_hub, load_township
from edge.settings.demands import Demands
from edge.settings.schema import HubSettings, TownshipSettings


def hub_settings(call: Call) -> HubSettings:
    """`--config` as the settings of a hub.

    Raises:
        SettingsError: With every problem.
    """
    return load_hub(
        Path(call.arguments.config),
        environ=call.environ,
        language=call.words.language,
        rule_kinds=known_rules(),
    )


def township_settings(call: Call) -> TownshipSettings:
    """`--config` as the settings of a console.

    Raises:
        SettingsError: With every problem.
    """
    return load_township(
        Path(call.arguments.config), environ=call.environ, language=call.words.language
    )


def any_settings(call: Call) -> HubSettings | TownshipSettings:
    """`--config` as whichever it is.

    Raises:
        SettingsError: With every problem.
    """
    return load_any(
        Path(call.arguments.config),
        environ=call.environ,
        language=call.words.language,
        rule_kinds=known_rules,
    )


def known_rules() -> dict[str, Demands]:
    """The kinds of rules this program has, and what each demands."""
    # A console has no vision libraries and never asks.
    from vision.rules import KINDS, RULES  # noqa: PLC0415

    return {
        name: Demands(
            line=kind.needs_line,
            limit=kind.needs_limit,
            direction=kind.needs_direction,
            labels=kind.allowed,
        )
        for name in RULES
        for kind in [KINDS[name]]
    }
