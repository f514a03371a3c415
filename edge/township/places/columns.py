"""The columns of a list: their names as people write them, and how a cell becomes a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

Value = str | int | float | tuple[str, ...] | None


class Wrong(Exception):
    """A cell is not what its column wants; `what` is a key of the words."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list.

    Attributes:
        key: Its name in the program.
        names: As people head it; the first is used in templates.
        read: Makes a value of a cell that is not empty; raises `Wrong`.
        needed: An empty cell is an error.
        example: For the template.
        hint: What to write there, for the template's second sheet.
    """

    key: str
    names: tuple[str, ...]
    read: Callable[[str], Value]
    needed: bool = True
    example: str = ""
    hint: str = ""

    @property
    def title(self) -> str:
        return self.names[0]

    def matches(self, heading: str) -> bool:
        """Whether a heading means this column; stars and remarks in brackets do not count."""
        bare = re.sub(r"[(（【\[].*$", "", heading).replace("*", "").replace(" ", "").casefold()
        return bare in {name.casefold() for name in self.names}


def name(longest: int = 40) -> Callable[[str], str]:
    """A reader of names."""

    def read(text: str) -> str:
        if len(text) > longest:
            raise Wrong("name_long")
        return text

    return read


def code(wrong: Callable[[str], str]) -> Callable[[str], str]:
    """A reader of codes, judged by one of `codes.wrong_…`."""

    def read(text: str) -> str:
        if what := wrong(text):
            raise Wrong(what)
        return text

    return read


def codes(wrong: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    """A reader of several codes in one cell."""
    one = code(wrong)

    def read(text: str) -> tuple[str, ...]:
        return tuple(one(part) for part in re.split(r"[\s,，、;；]+", text) if part)

    return read


def degrees(least: float, most: float) -> Callable[[str], float]:
    """A reader of longitudes or latitudes inside China."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise Wrong("no_number") from None
        if not least <= value <= most:
            raise Wrong("not_china")
        return round(value, 6)

    return read


def choice(values: Mapping[str, int]) -> Callable[[str], int]:
    """A reader of a word out of a few."""

    def read(text: str) -> int:
        if text not in values:
            raise Wrong("no_level")
        return values[text]

    return read


def whole(least: int, most: int) -> Callable[[str], int]:
    """A reader of small whole numbers."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise Wrong("no_rank")
        return int(text)

    return read


def day(text: str) -> str:
    """A day as Excel or people write it, to ISO; Excel counts days from the end of 1899."""
    if re.fullmatch(r"[0-9]{5}", text):
        return (date(1899, 12, 30) + timedelta(days=int(text))).isoformat()
    parts = re.fullmatch(r"(20\d\d)\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D?(?: 00:00)?", text)
    if parts is None:
        raise Wrong("no_day")
    try:
        return date(*(int(part) for part in parts.groups())).isoformat()
    except ValueError:
        raise Wrong("no_day") from None


def hour(text: str) -> str:
    """A time of day as `HH:MM`; 24:00 is the end of the day, and Excel counts parts of a day."""
    if re.fullmatch(r"[01]?\.[0-9]+|0", text):
        minutes = round(float(text) * 1440)
        return f"{minutes // 60:02d}:{minutes % 60:02d}" if minutes <= 1440 else _no_hour()
    parts = re.fullmatch(r"(\d{1,2})[:：点时](\d{2})?(?:[:：]\d{2})?分?", text)
    if parts is None:
        return _no_hour()
    hours, minutes = int(parts[1]), int(parts[2] or 0)
    if minutes > 59 or hours * 60 + minutes > 1440:
        return _no_hour()
    return f"{hours:02d}:{minutes:02d}"


def _no_hour() -> str:
    raise Wrong("no_hour")
