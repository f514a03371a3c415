"""The configuration that a call names, read in the language of the call."""

from __future__ import annotations

from pathlib import Path

from edge.cli.command import Call
from edge.settings import load_any, load_hub, load_township
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


def known_rules() -> tuple[str, ...]:
    """The kinds of rules this program has."""
    # A console has no vision libraries and never asks.
    from vision.rules import RULES  # noqa: PLC0415

    return tuple(RULES)
