"""What the pages say, one TOML file per language, looked up by key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edge.errors import StartError
from edge.sentences import Sentences
from edge.words import LANGUAGES, flat


@dataclass(frozen=True, slots=True)
class Words:
    """All sentences of one language by dotted key, for example `signin.title`."""

    language: str
    entries: Mapping[str, str]

    def t(self, key: str, /, **values: object) -> str:
        """The sentence of a key with its `{placeholders}` filled; an unknown key is shown as is."""
        sentence = self.entries.get(key, key)
        return sentence.format_map(values) if values else sentence

    def name(self, family: str, value: object, /) -> str:
        """The name of a value out of a closed set, for example `name("kind", "fire")`."""
        return self.entries.get(f"{family}.{value}", str(value))

    def plain(self, text: object, /) -> str:
        """An error or reason of ours, which is English inside, in the reader's language."""
        return Sentences.load(self.language).say(str(text))


def load_words(folders: Sequence[Path]) -> dict[str, Words]:
    """Read `zh.toml` and `en.toml` of every folder; a later folder may override an earlier one.

    Raises:
        StartError: A file is missing or not TOML.
    """
    return {language: _load(language, folders) for language in LANGUAGES}


def _load(language: str, folders: Sequence[Path]) -> Words:
    entries: dict[str, str] = {}
    for folder in folders:
        path = folder / f"{language}.toml"
        try:
            entries.update(flat(tomllib.loads(path.read_text(encoding="utf-8"))))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise StartError(f"The words file {path} cannot be read: {error}.") from error
    return Words(language, MappingProxyType(entries))
