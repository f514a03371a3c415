"""Acknowledgements of committed rows, as few and as short as they can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from edge.link.messages import Ack

_RANGES = 256


@dataclass(frozen=True, slots=True)
class Stored:
    """A row that is committed and may be acknowledged to its hub."""

    hub: str
    stream: str
    seq: int


def acks(stored: Iterable[Stored]) -> list[tuple[str, Ack]]:
    """One ack per hub and stream (more if there are very many holes), with merged ranges."""
    numbers: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for row in stored:
        numbers[row.hub, row.stream].add(row.seq)
    made: list[tuple[str, Ack]] = []
    for (hub, stream), seqs in sorted(numbers.items()):
        ranges = merged(seqs)
        made += [
            (hub, Ack(stream=stream, ranges=tuple(ranges[at : at + _RANGES])))
            for at in range(0, len(ranges), _RANGES)
        ]
    return made


def merged(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Inclusive ranges that cover exactly these numbers, in order."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
