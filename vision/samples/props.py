"""What stands and walks in rendered places: people on their way, walls, windows, signs, houses."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from vision.samples.figures import Colour, Outfit, Picture, Pose, paste, shade, villager
from vision.samples.stage import Camera, polygon, textured

Way = Sequence[tuple[float, float, float]]
"""Where something is: (seconds, x_m, z_m), straight in between."""


class Scene(Protocol):
    """A place that can be drawn at any moment of its loop."""

    loop_s: float

    def draw(self, time_s: float, *, actors: bool = True) -> Picture:
        """The picture at a moment, with or without the people and cars."""
        ...


def along(way: Way, time_s: float) -> tuple[float, float, float, float] | None:
    """Position and speed (m, m, m/s, m/s) on a way; None before it starts and after it ends."""
    if not way[0][0] <= time_s < way[-1][0]:
        return None
    for (t0, x0, z0), (t1, x1, z1) in itertools.pairwise(way):
        if t0 <= time_s < t1:
            share, span = (time_s - t0) / (t1 - t0), t1 - t0
            return (
                x0 + (x1 - x0) * share,
                z0 + (z1 - z0) * share,
                (x1 - x0) / span,
                (z1 - z0) / span,
            )
    return None


def walk(
    picture: Picture, camera: Camera, way: Way, time_s: float, *, outfit: Outfit, tall_m: float
) -> None:
    """Draw a villager who follows a way, with a shadow."""
    here = along(way, time_s)
    if here is None:
        return
    x_m, z_m, right, away = here
    speed = math.hypot(right, away)
    foot = camera.foot(x_m, z_m)
    tall = tall_m * camera.scale(z_m)
    facing = 0.0 if abs(right) < 0.12 else math.copysign(min(1.0, abs(right) / speed * 1.2), right)
    idle = speed < 0.35
    pose = Pose(
        stride=2 * math.pi * time_s * (0.95 if not idle else 0.45),
        swing=min(1.0, 0.25 + speed * 0.6),
        facing=facing,
        lean=0.06 + (0.16 * (0.5 + 0.5 * math.sin(1.7 * time_s)) if idle else 0.02),
        reach=max(0.0, math.sin(1.1 * time_s)) if idle else 0.0,
    )
    shade(picture, (foot[0] + 0.12 * tall, foot[1]), (0.26 * tall, 0.055 * tall), 0.5)
    paste(picture, villager(tall, pose, outfit), foot)


def px(point: Sequence[float]) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def wall(
    picture: Picture, camera: Camera, span: tuple[float, float, float, float], colour: Colour
) -> list[tuple[float, float]]:
    left, right, z_m, tall = span
    corners = [
        camera.point(x, u, z_m) for x, u in ((left, 0), (left, tall), (right, tall), (right, 0))
    ]
    polygon(picture, corners, colour)
    foot = [camera.point(x, u, z_m) for x, u in ((left, 0), (left, 0.5), (right, 0.5), (right, 0))]
    polygon(picture, foot, (colour[0] * 0.7, colour[1] * 0.7, colour[2] * 0.72))
    return corners


def window(picture: Picture, camera: Camera, x_m: float, up_m: float, z_m: float) -> None:
    for grow, colour in ((0.08, (232, 230, 224)), (0.0, (70, 86, 98))):
        pane = [
            camera.point(x, u, z_m)
            for x, u in (
                (x_m - grow, up_m - grow),
                (x_m - grow, up_m + 1.5 + grow),
                (x_m + 1.6 + grow, up_m + 1.5 + grow),
                (x_m + 1.6 + grow, up_m - grow),
            )
        ]
        polygon(picture, pane, colour)
    middle = camera.point(x_m + 0.8, up_m, z_m), camera.point(x_m + 0.8, up_m + 1.5, z_m)
    cv2.line(picture, px(middle[0]), px(middle[1]), (222, 220, 214), 1, cv2.LINE_AA)


def sign(picture: Picture, camera: Camera, x_m: float, z_m: float, colour: Colour) -> None:
    low, high = camera.point(x_m, 0, z_m), camera.point(x_m, 1.5, z_m)
    cv2.line(picture, px(low), px(high), (120, 120, 122), 3, cv2.LINE_AA)
    for grow, ink in ((0.0, colour), (-0.07, (236, 232, 224))):
        plate = [
            camera.point(x_m + a, u, z_m)
            for a, u in (
                (-0.45 - grow, 1.1 - grow),
                (-0.45 - grow, 1.7 + grow),
                (0.45 + grow, 1.7 + grow),
                (0.45 + grow, 1.1 - grow),
            )
        ]
        polygon(picture, plate, ink)


def house(
    picture: Picture,
    camera: Camera,
    chance: np.random.Generator,
    where: tuple[float, float, float, float],
    wall: Colour,
) -> None:
    """A house beside the road: its side along the road and its front towards the camera."""
    x_m, z_m, deep, tall = where
    out = math.copysign(6.0, x_m)
    side = [
        camera.point(x_m, u, z)
        for u, z in ((0, z_m), (tall, z_m), (tall, z_m + deep), (0, z_m + deep))
    ]
    front = [
        camera.point(x, u, z_m)
        for x, u in ((x_m, 0), (x_m, tall), (x_m + out, tall), (x_m + out, 0))
    ]
    polygon(picture, side, (wall[0] * 0.82, wall[1] * 0.82, wall[2] * 0.84))
    textured(picture, side, chance, 4)
    polygon(picture, front, wall)
    textured(picture, front, chance, 5)
    roof = [
        camera.point(x_m - 0.04 * out, tall, z_m - 0.3),
        camera.point(x_m, tall, z_m + deep),
        camera.point(x_m + out * 0.5, tall + 1.6, z_m + deep / 2),
        camera.point(x_m + out * 1.1, tall, z_m - 0.3),
    ]
    polygon(picture, roof, (110, 84, 78))
    for share in (0.18, 0.58):
        for up in (0.9, 3.6)[: 1 if tall < 5.5 else 2]:
            left = x_m + out * share + (0 if out > 0 else -1.6)
            window(picture, camera, left, up, z_m)
    for start in (0.15, 0.5):
        pane = [
            camera.point(x_m, u, z_m + deep * s)
            for u, s in ((1.0, start), (2.4, start), (2.4, start + 0.2), (1.0, start + 0.2))
        ]
        polygon(picture, pane, (64, 80, 92))
