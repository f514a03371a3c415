"""Rendered places for rules that judge the picture itself: a road, and a bank with water."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frames import Image

WIDTH, HEIGHT = 320, 180
SENSOR = 3.0

Field = NDArray[np.float32]


@cache
def grain(seed: int, strength: float, size: float) -> Field:
    """Soft noise, the same for the same seed."""
    noise = np.random.default_rng(seed).normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), size)
    return np.asarray(strength * soft / soft.std(), np.float32)


ROAD = (100 + grain(1, 9, 1.2) + grain(2, 6, 12))[..., None] * np.ones(3, np.float32)
NOISE = [grain(100 + n, SENSOR, 0.6)[..., None] for n in range(5)]


def seen(scene: Field, step: int, light: float = 1.0) -> Image:
    """What a sensor makes of a scene in a light."""
    return np.clip(scene * light + NOISE[step % len(NOISE)], 0, 255).astype(np.uint8)


def with_carton(scene: Field, x: int = 160, y: int = 120, side: int = 22) -> Field:
    """A carton on the road, with a lit top and a side in the shade."""
    changed = scene.copy()
    colour = np.array([110, 150, 185], np.float32)
    changed[y - side : y - side // 2, x : x + side] = colour * 1.1
    changed[y - side // 2 : y, x : x + side] = colour * 0.75
    cv2.line(changed, (x + side // 2, y - side), (x + side // 2, y), (60, 60, 60), 1)
    return changed


def with_shadow(scene: Field, part: float = 0.6) -> Field:
    """The shadow of a house: an even part of the light is gone."""
    dim = np.ones((HEIGHT, WIDTH), np.float32)
    cv2.fillPoly(dim, [np.array([[90, 90], [210, 80], [230, 150], [120, 160]])], part)
    return scene * cv2.GaussianBlur(dim, (0, 0), 1.2)[..., None]


def with_person(scene: Field, x: int, y: int = 140) -> Field:
    """Somebody, as a rectangle."""
    changed = scene.copy()
    cv2.rectangle(changed, (x, y - 50), (x + 18, y), (40, 45, 60), -1)
    return changed


def bank(level: float, step: int, *, light: float = 1.0, grey: bool = False) -> Image:
    """Grass and a concrete slope above water that stands at `level` (part of the height)."""
    scene = np.empty((HEIGHT, WIDTH, 3), np.float32)
    scene[:80] = np.array([50, 120, 80], np.float32) + grain(3, 14, 1.0)[:80, :, None]
    scene[80:] = np.array([150, 160, 165], np.float32) + grain(4, 6, 2.0)[80:, :, None]
    edge = round(level * HEIGHT)
    ripples = grain(200 + step % 17, 9, 3.0)[..., None]
    water = np.array([105, 90, 70], np.float32) + ripples
    scene[edge:] = water[edge:]
    if grey:
        scene[:] = scene.mean(2, keepdims=True)
    return seen(scene, step, light)
