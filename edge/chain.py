"""A log whose lines hold each other: whoever changes, removes or moves one breaks the chain.

Each line carries its number and the SHA-256 of the line before it together with its own content.
Lines from before there was a chain have the number 0; the first link is forged onto all of them.
The head (how many lines, and the last hash) is kept apart, so that lines cut off the end are
missed. Who can rewrite log and head can forge both: note the head down elsewhere now and then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

Content = tuple[object, ...]
"""What one line says: texts, numbers and None."""

START = hashlib.sha256(b"village hub audit").hexdigest()


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was found: `number` 0 and no `hash` if it is older than the chain."""

    number: int
    content: Content
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """How many lines the chain has and the hash of the last; empty before the first."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at the whole chain found.

    Attributes:
        problem: The sentence that says what is wrong; empty when all is well.
        lines: Chained lines that were good, up to the first problem.
        older: Lines from before there was a chain; they are covered, too, once it has begun.
        head: Hash of the last good line.
    """

    problem: str
    lines: int
    older: int
    head: str

    @property
    def good(self) -> bool:
        return not self.problem


def link(before: str, number: int, content: Content) -> str:
    """Hash of a line that follows the line with hash `before`."""
    text = json.dumps([before, number, *content], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def begin(older: Iterable[Content]) -> str:
    """What the first line of a chain follows: the fold of all lines that were there before it."""
    before = START
    for content in older:
        before = link(before, 0, content)
    return before


def verify(
    lines: Iterable[Line], head: Head, *, noted: str = "", given_up: Head | None = None
) -> Verdict:
    """Walk the whole log in the order it was written.

    Args:
        lines: Every line, also those without a number, in the order of their place in the table.
        head: As it is kept beside the log.
        noted: A hash that somebody wrote down earlier; it must still be in the chain.
        given_up: The last line that was given up because of its age; the log begins behind it.
    """
    before, number, older, seen = START, 0, 0, not noted
    if given_up is not None and given_up.count:
        before, number = given_up.hash, given_up.count
    for line in lines:
        if line.number == 0 and number == 0:
            before, older = link(before, 0, line.content), older + 1
            continue
        if line.number != number + 1:
            problem = (
                f"The audit log is not in order after line {number}: line {line.number} follows. "
                "Lines were removed, added or moved. Compare with the last backup."
            )
            return Verdict(problem, number, older, before if number else "")
        if line.hash != link(before, line.number, line.content):
            problem = (
                f"The audit log was changed at line {line.number} or before it. "
                "Compare with the last backup."
            )
            return Verdict(problem, number, older, before if number else "")
        before, number = line.hash, line.number
        seen = seen or before == noted
    end = before if number else ""
    if (head.count, head.hash) != (number, end):
        problem = (
            f"The audit log ends at line {number} but had {head.count} lines. "
            "Lines at its end were removed or added. Compare with the last backup."
        )
        return Verdict(problem, number, older, end)
    if not seen:
        problem = (
            "The hash that was noted earlier is not in the audit log: it was written anew since. "
            "Compare with the last backup."
        )
        return Verdict(problem, number, older, end)
    return Verdict("", number, older, end)
