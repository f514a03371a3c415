"""Sentences in the reader's language: one TOML file per language, looked up by key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Literal, get_args

from edge.sentences import Sentences

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def language_of(environ: Mapping[str, str]) -> Language:
    """The language of the locale: Chinese where it starts with `zh`, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


class Words:
    """The sentences of one part of the house in one language.

    Args:
        language: Which language the table is in.
        table: Nested tables of sentences; `{name}` in a sentence is a value to fill in.
    """

    def __init__(self, language: Language, table: Mapping[str, Any]) -> None:
        self.language = language
        self._sentences = dict(flat(table))
        self._plain = Sentences.load(language)

    @classmethod
    def load(cls, package: str, language: Language) -> Words:
        """Read `words/<language>.toml` of a package."""
        text = files(package).joinpath("words", f"{language}.toml").read_text(encoding="utf-8")
        return cls(language, tomllib.loads(text))

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._sentences)

    def __contains__(self, key: str) -> bool:
        return key in self._sentences

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence of a key with its values filled in.

        Raises:
            KeyError: No such sentence, or a value is missing; a defect of the program.
        """
        return self._sentences[key].format_map(values)

    def plain(self, text: object) -> str:
        """An error or reason of ours, which is English inside, in the reader's language."""
        return self._plain.say(str(text))


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The sentences of nested tables by dotted key."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
