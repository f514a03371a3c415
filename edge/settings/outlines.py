"""Whether an outline can be used: corners in order around one place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

Corner = tuple[float, float]

SMALLEST = 1e-6
"""Part of the picture below which an outline encloses nothing."""


def outline(value: object) -> list[Corner] | None:
    """The corners of a raw value, or None where the schema will refuse it anyway."""
    if not isinstance(value, list):
        return None
    corners = []
    for pair in value:
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(_fraction, pair))):
            return None
        corners.append((float(pair[0]), float(pair[1])))
    return corners if len(corners) >= 3 else None


def _fraction(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


def crosses_itself(corners: Sequence[Corner]) -> bool:
    """Whether two sides that are no neighbours touch."""
    count = len(corners)
    sides = [(corners[i], corners[(i + 1) % count]) for i in range(count)]
    for (i, first), (j, second) in combinations(enumerate(sides), 2):
        neighbours = j - i == 1 or (i == 0 and j == count - 1)
        if not neighbours and _meet(first, second):
            return True
    return False


def area(corners: Sequence[Corner]) -> float:
    """Enclosed part of the picture (shoelace formula)."""
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def _meet(first: tuple[Corner, Corner], second: tuple[Corner, Corner]) -> bool:
    (a, b), (c, d) = first, second
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    touching = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _between(*three) for turn, three in zip(turns, touching, strict=True))


def _turn(a: Corner, b: Corner, c: Corner) -> float:
    value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0.0 if abs(value) < 1e-12 else value


def _between(a: Corner, b: Corner, c: Corner) -> bool:
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])
