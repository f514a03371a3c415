"""Arithmetic of inclusive spans of sequence numbers."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def without(whole: Span, cuts: Iterable[Span]) -> list[Span]:
    """What is left of a span when others are cut out of it, in order."""
    left = [whole]
    for first, last in sorted(cuts):
        pieces: list[Span] = []
        for begin, end in left:
            if last < begin or first > end:
                pieces.append((begin, end))
                continue
            if begin < first:
                pieces.append((begin, first - 1))
            if last < end:
                pieces.append((last + 1, end))
        left = pieces
    return left


def holes_in(whole: Span, present: Iterable[int]) -> list[Span]:
    """The spans of a whole that none of these numbers, given in order, covers."""
    found: list[Span] = []
    expected = whole[0]
    for number in present:
        if number > expected:
            found.append((expected, number - 1))
        expected = number + 1
    if expected <= whole[1]:
        found.append((expected, whole[1]))
    return found
