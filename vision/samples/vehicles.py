"""A drawn car, van or lorry, seen from any side: an extruded outline with glass and wheels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vision.samples.figures import Colour, Sprite

_FINER = 4
Point = tuple[float, float, float]

OUTLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "sedan": (
        (2.25, 0.30),
        (2.28, 0.62),
        (1.95, 0.78),
        (1.05, 0.92),
        (0.45, 1.40),
        (-0.75, 1.44),
        (-1.45, 1.02),
        (-2.10, 0.96),
        (-2.25, 0.62),
        (-2.22, 0.30),
    ),
    "van": (
        (2.20, 0.32),
        (2.24, 0.80),
        (1.85, 1.02),
        (1.30, 1.74),
        (0.90, 1.86),
        (-2.05, 1.86),
        (-2.20, 1.70),
        (-2.22, 0.32),
    ),
    "lorry": (
        (2.90, 0.40),
        (2.94, 1.15),
        (2.70, 2.05),
        (1.55, 2.12),
        (1.45, 1.00),
        (1.30, 2.35),
        (-2.90, 2.35),
        (-2.92, 0.45),
    ),
}
"""Side views in metres: x towards the front, z up from the ground."""

_GLASS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "sedan": (
        ((0.92, 0.95), (0.42, 1.32), (-0.12, 1.35), (-0.12, 0.97)),
        ((-0.20, 0.97), (-0.20, 1.35), (-0.72, 1.36), (-1.25, 1.03)),
    ),
    "van": (
        ((1.55, 1.08), (1.20, 1.66), (0.45, 1.70), (0.45, 1.08)),
        ((0.35, 1.08), (0.35, 1.70), (-0.75, 1.70), (-0.75, 1.08)),
        ((-0.85, 1.08), (-0.85, 1.70), (-1.95, 1.66), (-1.95, 1.08)),
    ),
    "lorry": (((2.78, 1.25), (2.60, 1.90), (1.85, 1.95), (1.85, 1.25)),),
}
_PANES: dict[str, tuple[tuple[int, int], ...]] = {
    "sedan": ((3, 4), (5, 6)),
    "van": ((2, 3), (5, 6)),
    "lorry": ((1, 2),),
}
_AXLES = {"sedan": (1.35, -1.35), "van": (1.30, -1.30), "lorry": (2.05, -1.6)}
_LENGTHS = {"sedan": 4.5, "van": 4.4, "lorry": 5.9}


@dataclass(frozen=True, slots=True)
class View:
    """From where a vehicle is seen.

    Attributes:
        px_per_m: Pixels of one metre.
        azimuth: 0 drives to the right of the picture, pi/2 away, -pi/2 towards the camera.
        pitch: How steeply the camera looks down; radians.
    """

    px_per_m: float
    azimuth: float
    pitch: float = 0.3

    def project(self, point: Point) -> tuple[float, float, float]:
        """Pixels right of and above the middle of the vehicle's ground, and nearness."""
        x, y, z = point
        across = x * math.cos(self.azimuth) - y * math.sin(self.azimuth)
        away = x * math.sin(self.azimuth) + y * math.cos(self.azimuth)
        up = z * math.cos(self.pitch) + away * math.sin(self.pitch)
        near = z * math.sin(self.pitch) - away * math.cos(self.pitch)
        return across * self.px_per_m, up * self.px_per_m, near


@dataclass(frozen=True, slots=True)
class _Face:
    points: tuple[Point, ...]
    colour: Colour
    lift: float = 0.0


def vehicle(kind: str, view: View, paint: Colour, *, flashing: bool = False) -> Sprite:
    """Draw a vehicle of a kind in `OUTLINES`; `foot` of the sprite is the middle below it."""
    reach = _LENGTHS[kind] * 0.75 * view.px_per_m
    size = math.ceil(2 * reach) * _FINER
    rgb = np.zeros((size, size, 3), np.float32)
    alpha = np.zeros((size, size), np.float32)
    middle = (size / 2, size * 0.62)
    drawn = []
    for face in _faces(kind, paint, flashing=flashing):
        seen = [view.project(p) for p in face.points]
        flat = [(middle[0] + x * _FINER, middle[1] - y * _FINER) for x, y, _ in seen]
        if _area(flat) <= 0:
            continue
        near = float(np.mean([n for _, _, n in seen])) + face.lift
        drawn.append((near, np.round(np.array(flat)).astype(np.int32), face.colour))
    for _, corners, colour in sorted(drawn, key=lambda item: item[0]):
        cv2.fillPoly(rgb, [corners], colour)
        cv2.fillPoly(alpha, [corners], 1.0)
    small = (math.ceil(size / _FINER),) * 2
    soft = cv2.resize(alpha, small, interpolation=cv2.INTER_AREA)
    colours = cv2.resize(rgb, small, interpolation=cv2.INTER_AREA)
    colours = colours / np.maximum(soft, 1e-3)[..., None]
    return Sprite(
        np.clip(colours, 0, 255).astype(np.float32),
        soft.astype(np.float32),
        (middle[0] / _FINER, middle[1] / _FINER),
    )


def _area(points: Sequence[tuple[float, float]]) -> float:
    """Twice the area; positive when the corners turn the way of faces that look at us."""
    total = 0.0
    for (ax, ay), (bx, by) in zip(points, (*points[1:], points[0]), strict=True):
        total += ax * by - bx * ay
    return -total


def _faces(kind: str, paint: Colour, *, flashing: bool) -> Iterator[_Face]:
    outline = OUTLINES[kind]
    half = 0.88 if kind != "lorry" else 1.05
    for side in (-1, 1):
        yield _Face(_side(outline, side, half), _lit(paint, 0.80 if side < 0 else 0.68))
        for pane in _GLASS[kind]:
            yield _Face(_side(pane, side, half + 0.01), (58, 68, 78), 0.4)
        sill = (
            (outline[0][0], 0.30),
            (outline[0][0], 0.42),
            (outline[-1][0], 0.42),
            (outline[-1][0], 0.30),
        )
        yield _Face(_side(sill, side, half + 0.005), (44, 44, 48), 0.35)
        for x in _AXLES[kind]:
            for radius, colour, lift in ((0.36, (22, 22, 24), 0.5), (0.20, (128, 130, 134), 0.6)):
                turn = [2 * math.pi * k / 14 for k in range(14)]
                disc = [(x + radius * math.cos(t), 0.35 + radius * math.sin(t)) for t in turn]
                yield _Face(_side(disc, side, half + 0.02), colour, lift)
    for index, (start, end) in enumerate(itertools.pairwise(outline)):
        rise = math.atan2(end[0] - start[0], end[1] - start[1])
        tone = 0.78 - 0.26 * math.sin(rise)
        yield _Face(_strip(start, end, half), _lit(paint, tone))
        if (index, index + 1) in _PANES[kind]:
            inner = [_between(start, end, share) for share in (0.08, 0.92)]
            yield _Face(_strip(inner[0], inner[1], half * 0.9), (84, 98, 110), 0.3)
    yield from _lamps(kind, half, flashing=flashing)


def _lamps(kind: str, half: float, *, flashing: bool) -> Iterator[_Face]:
    front, back = OUTLINES[kind][0][0] + 0.04, OUTLINES[kind][-1][0] - 0.03
    amber = (255, 178, 40)
    for side in (-1, 1):
        outer, inner = side * half * 0.95, side * half * 0.55
        low, high = min(outer, inner), max(outer, inner)
        lamp = amber if flashing else (236, 234, 214)
        yield _Face(
            ((front, high, 0.56), (front, high, 0.72), (front, low, 0.72), (front, low, 0.56)),
            lamp,
            0.5,
        )
        tail = amber if flashing else (168, 26, 24)
        yield _Face(
            ((back, low, 0.62), (back, low, 0.82), (back, high, 0.82), (back, high, 0.62)),
            tail,
            0.5,
        )
    yield _Face(
        (
            (front, half * 0.5, 0.36),
            (front, half * 0.5, 0.52),
            (front, -half * 0.5, 0.52),
            (front, -half * 0.5, 0.36),
        ),
        (40, 42, 46),
        0.5,
    )


def _side(points: Sequence[tuple[float, float]], side: int, half: float) -> tuple[Point, ...]:
    order = points if side < 0 else points[::-1]
    return tuple((x, side * half, z) for x, z in order)


def _strip(start: tuple[float, float], end: tuple[float, float], half: float) -> tuple[Point, ...]:
    return (
        (start[0], half, start[1]),
        (end[0], half, end[1]),
        (end[0], -half, end[1]),
        (start[0], -half, start[1]),
    )


def _between(
    start: tuple[float, float], end: tuple[float, float], share: float
) -> tuple[float, float]:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _lit(paint: Colour, tone: float) -> Colour:
    return tuple(min(255.0, c * tone + 14) for c in paint)  # type: ignore[return-value]
