"""What a probe is given and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from edge.settings.schema import HubSettings, TownshipSettings
from edge.words import Words


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: What it is, for machines, for example `camera:shuiku`.
        ok: Whether it works.
        sentence: What was seen, in the reader's language.
        remedy: What to do about it; empty where it works.
        figures: What was measured, with units in the names.
    """

    about: str
    ok: bool
    sentence: str
    remedy: str = ""
    figures: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined.

    Attributes:
        limit_s: Patience with anything that may not answer.
    """

    settings: HubSettings | TownshipSettings
    words: Words
    limit_s: float = 12.0

    def good(self, about: str, key: str, /, **values: float | str) -> Finding:
        """It works; `values` fill the sentence `doctor.<key>` and are the figures."""
        return Finding(about, True, self.words(f"doctor.{key}", **values), figures=values)

    def bad(self, about: str, key: str, /, **values: float | str) -> Finding:
        """It does not; the sentence is `doctor.<key>.found`, the remedy `doctor.<key>.remedy`."""
        said = values | {"reason": self.words.plain(values.get("reason", ""))}
        found = self.words(f"doctor.{key}.found", **said)
        return Finding(about, False, found, self.words(f"doctor.{key}.remedy", **said), values)


@dataclass(frozen=True, slots=True)
class Probe:
    """One examination.

    Attributes:
        hub_only: It makes no sense for a console.
    """

    name: str
    look: Callable[[Subject], Iterable[Finding]]
    hub_only: bool = False
