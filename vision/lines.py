"""A line drawn across the picture, and which side of it something is on."""

from __future__ import annotations

import math

from vision.errors import RuleError
from vision.settings import Line, Point

EDGE = 0.001
SHORTEST = 0.01
"""Fractions of the picture."""

LEFT, RIGHT = -1, 1


class DrawnLine:
    """A line in fractions of the picture, from a first to a second point.

    Its left and right are those of somebody who stands on the first point and looks at the second,
    as the picture shows it: for a line drawn from bottom to top they are the left and right of
    the picture.

    Raises:
        RuleError: A point lies outside the picture, or both are the same.
    """

    def __init__(self, line: Line) -> None:
        first, second = line
        if any(not -EDGE <= value <= 1 + EDGE for value in (*first, *second)):
            raise RuleError("The line has a point outside the picture. Draw it again.")
        if math.dist(first, second) < SHORTEST:
            raise RuleError("The line has no length. Draw it again.")
        self._first = first
        self._along = (second[0] - first[0], second[1] - first[1])

    def distance(self, point: Point, *, width: float = 1.0, height: float = 1.0) -> float:
        """How far from the endless line, in the units of `width` and `height`; left is negative.

        Args:
            point: Fractions of the picture.
            width: Of the picture in the unit wanted, usually pixels.
            height: As `width`.
        """
        along_x, along_y = self._along[0] * width, self._along[1] * height
        away_x = (point[0] - self._first[0]) * width
        away_y = (point[1] - self._first[1]) * height
        return (along_x * away_y - along_y * away_x) / math.hypot(along_x, along_y)

    def crossed_between(self, before: Point, after: Point) -> bool:
        """Whether the straight way between two points meets the drawn piece of the line."""
        a, b = self.distance(before), self.distance(after)
        if a * b > 0 or a == b:
            return False
        share = a / (a - b)
        x = before[0] + share * (after[0] - before[0])
        y = before[1] + share * (after[1] - before[1])
        along_x, along_y = self._along
        at = (x - self._first[0]) * along_x + (y - self._first[1]) * along_y
        return 0 <= at <= along_x * along_x + along_y * along_y
