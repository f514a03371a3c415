"""A named polygon of the picture, and whether something stands in it."""

from __future__ import annotations

from vision.errors import RuleError
from vision.settings import Point, Polygon, ZoneSpec

EDGE = 0.001
"""A corner drawn on the very edge may lie a hair outside."""


class Zone:
    """A polygon in fractions of the picture.

    Raises:
        RuleError: It has fewer than three corners, a corner outside the picture, or no area.
    """

    def __init__(self, spec: ZoneSpec) -> None:
        named = f"The zone {spec.name!r} ({spec.id})"
        if len(spec.polygon) < 3:
            raise RuleError(f"{named} has fewer than three corners. Draw it again.")
        if any(not (-EDGE <= x <= 1 + EDGE and -EDGE <= y <= 1 + EDGE) for x, y in spec.polygon):
            raise RuleError(f"{named} has a corner outside the picture. Draw it again.")
        if abs(_area(spec.polygon)) < 1e-6:
            raise RuleError(f"{named} encloses nothing. Draw it again.")
        self.id = spec.id
        self.name = spec.name
        self._polygon = spec.polygon

    @property
    def polygon(self) -> Polygon:
        """Its corners, fractions of the picture."""
        return self._polygon

    def contains(self, point: Point) -> bool:
        """Whether a point (fractions of the picture) lies inside.

        Even-odd rule: the number of edges a ray to the right crosses.
        """
        x, y = point
        inside = False
        ahead = (*self._polygon[1:], self._polygon[0])
        for (x1, y1), (x2, y2) in zip(self._polygon, ahead, strict=True):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                inside = not inside
        return inside


WHOLE_PICTURE = ZoneSpec("", "", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))


def _area(polygon: Polygon) -> float:
    ahead = (*polygon[1:], polygon[0])
    pairs = zip(polygon, ahead, strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2
