"""The house's English sentences in the reader's language, translated where a person reads them.

Inside, in the databases and on the wire there is one language, English; a page or the command
line asks here for the same sentence in Chinese. A sentence is known by its fixed words, so what
was filled in (a path, a name, a number) is found again and kept.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

LONGEST = 4000
"""Characters; a longer text is not ours and is left alone."""
MOST_STARTS = 64
"""Sentences of a text that are looked at."""
MOST_ENDS = 8
"""How often the last words of a template may be found in vain."""
CUT_AT = (200, 500)
"""Lengths at which texts are cut on their way."""
LEAST_KNOWN = 24
"""Fixed characters by which a text that was cut is known; fewer prove nothing."""
DEEPEST = 3
"""A value may be a sentence of ours with a value that is one."""

BEGINNING = 4
"""Characters by which the templates that may fit are found."""
MOST_KEPT = 256
"""Lists show the same few sentences again and again; so many translations are kept."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_STARTS = re.compile(r"(?<=[.!?:]) +(?=\S)")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_ENDS = (".", "!", "?", ":")


@dataclass(frozen=True, slots=True)
class Template:
    """One entry.

    Attributes:
        english: As it stands in the file.
        literals: The fixed words between the placeholders; one more than there are names.
        chinese: With the same placeholders, or fewer.
    """

    english: str
    literals: tuple[str, ...]
    names: tuple[str, ...]
    chinese: str

    @classmethod
    def of(cls, english: str, chinese: str) -> Template:
        parts = _PLACEHOLDER.split(english)
        return cls(english, tuple(parts[::2]), tuple(parts[1::2]), chinese)

    @property
    def beginning(self) -> str:
        """Its first characters, by which it is found; empty if a value stands there."""
        first = self.literals[0]
        return first[:BEGINNING] if len(first) >= BEGINNING else ""

    @property
    def whole_only(self) -> bool:
        """It is no sentence and stands alone or as a value."""
        return not self.literals[-1].endswith(_ENDS)


@dataclass(frozen=True, slots=True)
class Found:
    """A template that fits a piece of a text.

    Attributes:
        end: Where the piece ends.
        weight: How many fixed characters were found.
    """

    template: Template
    values: tuple[str, ...]
    end: int
    weight: int


@dataclass(frozen=True, slots=True)
class _Best:
    """The best reading of a text from one sentence on: how many fixed words, and which pieces."""

    weight: int
    pieces: tuple[Found | str, ...]


class Sentences:
    """Translates whole English sentences; what it does not know it gives back unchanged.

    Args:
        entries: Chinese by English, both with `{placeholders}`; empty for readers of English.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._by_beginning: dict[str, list[Template]] = {}
        for english, chinese in entries.items():
            made = Template.of(english, chinese)
            self._by_beginning.setdefault(made.beginning, []).append(made)
        self._kept = lru_cache(MOST_KEPT)(self._translated)

    @classmethod
    def load(cls, language: str) -> Sentences:
        """The sentences of `zh`; for any other language they stay English."""
        return _load(language)

    def say(self, text: str) -> str:
        """The text in the reader's language; never raises, and takes milliseconds at most."""
        if not self._by_beginning or not text or len(text) > LONGEST:
            return text
        return self._kept(text)

    def read(self, text: str) -> list[Found | str]:
        """The pieces of a text: the entries it is made of, and what belongs to none."""
        return list(self._read(text).pieces)

    def _translated(self, text: str) -> str:
        return "\n".join(self._line(line, DEEPEST) for line in text.split("\n"))

    def _line(self, text: str, depth: int) -> str:
        best = self._read(text)
        if not best.weight:
            return text
        said = ""
        for piece in best.pieces:
            words = piece if isinstance(piece, str) else self._fill(piece, depth)
            said += words if not said or said.endswith(("。", "！", "？", "：")) else f" {words}"
        return said

    def _fill(self, found: Found, depth: int) -> str:
        said = {
            name: self._value(value, depth - 1)
            for name, value in zip(found.template.names, found.values, strict=True)
        }
        filled = _PLACEHOLDER.sub(lambda name: said[name[1]], found.template.chinese)
        return filled.replace("。。", "。").replace("。）", "）")

    def _value(self, value: str, depth: int) -> str:
        for form in (value, value.rstrip(".")):
            if depth > 0 and form and (translated := self._line(form, depth)) != form:
                return translated
        quoted = _QUOTED.fullmatch(value)
        return f"“{quoted[1] or quoted[2] or ''}”" if quoted else value

    def _read(self, text: str) -> _Best:
        """The reading with the most fixed words; worked out from the last sentence backwards."""
        starts = [0, *(gap.end() for gap in _STARTS.finditer(text))][:MOST_STARTS]
        best = {len(text): _Best(0, ())}
        following = len(text)
        for start in reversed(starts):
            rest = best[following]
            chosen = _Best(rest.weight, (text[start:following].rstrip(), *rest.pieces))
            for found in self._fits(text, start):
                if (then := best.get(_behind(text, found.end))) is None:
                    continue
                weight = found.weight + then.weight
                if weight > chosen.weight:
                    chosen = _Best(weight, (found, *then.pieces))
            best[start] = chosen
            following = start
        return best[0]

    def _fits(self, text: str, start: int) -> Iterator[Found]:
        for beginning in (text[start : start + BEGINNING], ""):
            for template in self._by_beginning.get(beginning, ()):
                if not (template.whole_only and start):
                    yield from _fit(template, text, start)


@dataclass(frozen=True, slots=True)
class _Trail:
    """How far a template was followed.

    Attributes:
        values: Those that are whole.
        position: Where the next value begins.
        weight: Fixed characters behind us.
    """

    template: Template
    values: tuple[str, ...]
    position: int
    weight: int

    @property
    def literal(self) -> str:
        """The fixed words that end the next value."""
        return self.template.literals[len(self.values) + 1]

    def past(self, text: str, at: int) -> _Trail:
        """One value further, which ends at `at`."""
        return _Trail(
            self.template,
            (*self.values, text[self.position : at]),
            at + len(self.literal),
            self.weight + len(self.literal),
        )

    def found(self) -> Found:
        return Found(self.template, self.values, self.position, self.weight)


def _fit(template: Template, text: str, start: int) -> Iterator[Found]:
    """Every way a template fits from `start`; each value is as short as can be."""
    first = template.literals[0]
    if not text.startswith(first, start):
        known = len(text) - start
        if known >= LEAST_KNOWN and len(text) in CUT_AT and first.startswith(text[start:]):
            yield Found(template, ("…",) * len(template.names), len(text), known)
        return
    trail = _Trail(template, (), start + len(first), len(first))
    if not template.names:
        if _ends(template, text, trail.position):
            yield trail.found()
        return
    while len(trail.values) + 1 < len(template.names):
        at = text.find(trail.literal, trail.position)
        if at < 0:
            yield from _cut(trail, text)
            return
        trail = trail.past(text, at)
    yield from _last(trail, text)


def _last(trail: _Trail, text: str) -> Iterator[Found]:
    """The last value may itself hold a full stop, so that several ends are possible."""
    if not trail.literal:
        yield trail.past(text, len(text)).found()
        return
    at = trail.position
    for _ in range(MOST_ENDS):
        at = text.find(trail.literal, at)
        if at < 0:
            yield from _cut(trail, text)
            return
        further = trail.past(text, at)
        if _ends(trail.template, text, further.position):
            yield further.found()
        at += 1


def _ends(template: Template, text: str, end: int) -> bool:
    return end == len(text) or (not template.whole_only and text[end] == " ")


def _behind(text: str, end: int) -> int:
    """Where the next sentence begins."""
    while end < len(text) and text[end] == " ":
        end += 1
    return end


def _cut(trail: _Trail, text: str) -> Iterator[Found]:
    """A text that was cut on its way: the fixed words come back, what was lost is an ellipsis."""
    if len(text) not in CUT_AT or trail.weight < LEAST_KNOWN:
        return
    literal, left = trail.literal, text[trail.position :]
    begun = next(n for n in range(len(literal), -1, -1) if left.endswith(literal[:n]))
    kept = left[: len(left) - begun] + ("" if begun else "…")
    lost = len(trail.template.names) - len(trail.values) - 1
    values = (*trail.values, kept, *["…"] * lost)
    yield Found(trail.template, values, len(text), trail.weight + begun)


@cache
def _load(language: str) -> Sentences:
    if language != "zh":
        return Sentences({})
    text = files("edge").joinpath("sentences.zh.toml").read_text(encoding="utf-8")
    parts: dict[str, dict[str, str]] = tomllib.loads(text)
    return Sentences({key: value for part in parts.values() for key, value in part.items()})
