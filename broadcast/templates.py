"""Find the words for an incident: one phrase for each kind and label, in each language."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Formatter

from broadcast.errors import TemplateError

PLACEHOLDERS = frozenset({"zone", "camera", "village", "time", "count"})
LONGEST_VALUE = 40
"""Characters of one value: a name, not a speech."""
FALLBACK = "default"
LANGUAGES = ("zh", "en")

_UNNAMED = {"zh": "此处", "en": "this place"}


class Phrases:
    """The phrases of one language, checked when they are read.

    Raises:
        TemplateError: A phrase is not text, has no default beside it, or wants a value that
            no incident has.
    """

    def __init__(self, table: Mapping[str, object], language: str) -> None:
        self.language = language
        self._table = {kind: _phrases_of(kind, by_label) for kind, by_label in table.items()}
        if FALLBACK not in self._table:
            raise TemplateError("The phrases have no [default] for unknown kinds of incident.")

    @property
    def keys(self) -> frozenset[tuple[str, str]]:
        """Every (kind, label) that has words."""
        return frozenset((kind, label) for kind in self._table for label in self._table[kind])

    def words(self, kind: str, label: str = "", values: Mapping[str, str] | None = None) -> str:
        """The sentence for an incident.

        Args:
            kind: Kind of the incident; an unknown one has the phrase of `default`.
            label: What was seen; an unknown one has the default of its kind.
            values: Names for the placeholders, cleaned and shortened here; an empty zone is
                "this place".

        Raises:
            TemplateError: The phrase wants a value that was not given.
        """
        given = {name: clean(value) for name, value in (values or {}).items()}
        given["zone"] = given.get("zone") or _UNNAMED.get(self.language, _UNNAMED["en"])
        by_label = self._table.get(kind, self._table[FALLBACK])
        phrase = by_label.get(label, by_label[FALLBACK])
        missing = _placeholders(phrase) - given.keys()
        if missing:
            wanted = ", ".join(sorted(missing))
            raise TemplateError(f"The phrase for {kind} wants a value that is missing: {wanted}.")
        return phrase.format_map(given)


def phrases(language: str = "zh", path: Path | None = None) -> Phrases:
    """Read the phrases of a language, or a village's own file.

    Raises:
        TemplateError: The file is missing or not what it should be.
    """
    if language not in LANGUAGES:
        raise TemplateError(f"There are no phrases in {language!r}; there are: zh, en.")
    source = path or files("broadcast") / f"phrases.{language}.toml"
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TemplateError(f"The phrases in {source} cannot be read: {error}.") from error
    return Phrases(table, language)


def clean(value: str) -> str:
    """A value as it may be spoken: without control characters and braces, and not too long."""
    kept = (
        " " if character.isspace() else character
        for character in value
        if character.isspace() or unicodedata.category(character)[0] not in "CM"
    )
    return " ".join("".join(kept).replace("{", "").replace("}", "").split())[
        :LONGEST_VALUE
    ].rstrip()


def _phrases_of(kind: str, by_label: object) -> dict[str, str]:
    if not isinstance(by_label, dict) or FALLBACK not in by_label:
        raise TemplateError(f"The phrases for {kind} have no default.")
    for label, phrase in by_label.items():
        if not isinstance(phrase, str) or not phrase.strip():
            raise TemplateError(f"The phrase {kind}.{label} has no words.")
        unknown = _placeholders(phrase) - PLACEHOLDERS
        if unknown:
            raise TemplateError(
                f"The phrase {kind}.{label} wants {', '.join(sorted(unknown))}; "
                f"only these can be filled in: {', '.join(sorted(PLACEHOLDERS))}."
            )
    return dict(by_label)


def _placeholders(phrase: str) -> frozenset[str]:
    """Names in braces; anything cleverer than a plain name counts as an unknown name."""
    try:
        parts = list(Formatter().parse(phrase))
    except ValueError as error:
        raise TemplateError(f"The phrase {phrase!r} has a brace too many: {error}.") from error
    return frozenset(
        f"{name}{'!' + conversion if conversion else ''}{':' + form if form else ''}"
        for _, name, form, conversion in parts
        if name is not None
    )
