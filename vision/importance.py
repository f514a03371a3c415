"""Which pieces of a camera's picture are looked at first: zones with a priority."""

from __future__ import annotations

from collections.abc import Iterable

from vision.boxes import Box
from vision.frames import Frame
from vision.settings import ZoneSpec
from vision.zones import Zone


class Importance:
    """The zones of a camera that matter more than the rest.

    Args:
        zones: All of the camera; those without a priority cost nothing.

    Raises:
        RuleError: One with a priority is not drawable.
    """

    def __init__(self, zones: Iterable[ZoneSpec]) -> None:
        ranked = sorted(zones, key=lambda zone: -zone.priority)
        self._zones = [(spec.priority, Zone(spec)) for spec in ranked if spec.priority > 0]

    def of(self, box: Box, frame: Frame) -> int:
        """The highest priority of the zones in which a box (pixels) has its middle or its foot."""
        x = (box[0] + box[2]) / 2 / frame.width
        feet = min(box[3] / frame.height, 1 - 1e-6)
        points = ((x, (box[1] + box[3]) / 2 / frame.height), (x, feet))
        return next(
            (rank for rank, zone in self._zones if any(zone.contains(point) for point in points)), 0
        )

    def ordered(self, boxes: tuple[Box, ...], frame: Frame) -> tuple[Box, ...]:
        """The same boxes, those that matter first; otherwise in the order they had."""
        if not self._zones:
            return boxes
        return tuple(sorted(boxes, key=lambda box: -self.of(box, frame)))

    def most(self, boxes: Iterable[Box], frame: Frame) -> int:
        """The highest priority among boxes; 0 where there are none."""
        return max((self.of(box, frame) for box in boxes), default=0) if self._zones else 0
