"""A look at an uploaded list before anything is saved: good rows, and what is wrong in the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from edge.errors import SheetRefused
from edge.township.places.columns import Column, Value, Wrong
from edge.township.places.lists import ListKind
from edge.township.places.sheets import Row

HEADING_WITHIN = 5
"""Some lists carry a title above their heading."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one cell, or with a row where `column` is empty.

    Attributes:
        row: Its number as Excel shows it.
        column: Heading of the column.
        value: What stands there, cut.
        what: Key of the words below `wrong.`: what is wrong and what to do.
    """

    row: int
    column: str
    value: str
    what: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that could be read."""

    row: int
    values: Mapping[str, Value]


Judge = Callable[[Entry], Iterable[tuple[str, str]]]
"""Looks at a whole row beside what is known already: (key of the column, key of the words)."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What came of a list.

    Attributes:
        entries: Rows without a problem.
        problems: In the order of the rows.
        ignored: Headings nobody knows.
    """

    kind: ListKind
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...]

    @property
    def wrong_rows(self) -> int:
        return len({problem.row for problem in self.problems})


def preview(kind: ListKind, rows: list[Row], judge: Judge = lambda _: ()) -> Preview:
    """Read a list.

    Raises:
        SheetRefused: It has no heading we know, or a column is missing.
    """
    places, body, ignored = _heading(kind, rows)
    entries: list[Entry] = []
    problems: list[Problem] = []
    seen: dict[tuple[Value, ...], int] = {}
    for row in body:
        entry, found = _read(places, row)
        if not found:
            titles = {column.key: column for column in kind.columns}
            for key, what in judge(entry):
                column = titles.get(key)
                at = places.get(column) if column else None
                text = row.cells[at] if at is not None and at < len(row.cells) else ""
                found.append(Problem(row.number, column.title if column else "", text[:60], what))
            name = tuple(entry.values.get(part) for part in kind.key)
            if name in seen:
                text = "、".join(f"{part}" for part in name)
                found.append(Problem(row.number, "", text[:60], "twice"))
            seen.setdefault(name, row.number)
        problems += found
        if not found:
            entries.append(entry)
    return Preview(kind, tuple(entries), tuple(problems), ignored)


def _heading(
    kind: ListKind, rows: list[Row]
) -> tuple[dict[Column, int], list[Row], tuple[str, ...]]:
    for number, row in enumerate(rows[:HEADING_WITHIN]):
        places: dict[Column, int] = {}
        for column in kind.columns:
            for at, text in enumerate(row.cells):
                if column.matches(text) and at not in places.values():
                    places[column] = at
                    break
        if len(places) * 2 < len([one for one in kind.columns if one.needed]):
            continue
        missing = [one.title for one in kind.columns if one.needed and one not in places]
        if missing:
            raise SheetRefused(
                f"The list has no column '{'、'.join(missing)}'. Download the template and copy "
                "your list into it."
            )
        known = set(places.values())
        ignored = tuple(text[:30] for at, text in enumerate(row.cells) if text and at not in known)
        return places, rows[number + 1 :], ignored
    raise SheetRefused(
        "The list has no heading that is known here. Download the template and copy your list "
        "into it."
    )


def _read(places: Mapping[Column, int], row: Row) -> tuple[Entry, list[Problem]]:
    values: dict[str, Value] = {}
    found: list[Problem] = []
    for column, at in places.items():
        text = row.cells[at] if at < len(row.cells) else ""
        values[column.key], what = _value(column, text, row.marks.get(at, ""))
        if what:
            found.append(Problem(row.number, column.title, text[:60], what))
    return Entry(row.number, values), found


def _value(column: Column, text: str, mark: str) -> tuple[Value, str]:
    if mark:
        return None, mark
    if not text:
        return None, "empty" if column.needed else ""
    try:
        return column.read(text), ""
    except Wrong as wrong:
        return None, wrong.what
