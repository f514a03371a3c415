"""Drawn things that stand in rows and are nobody: bottles, posts and jars on belts and shelves."""

from __future__ import annotations

import cv2
import numpy as np

from vision.training.data import Rgb

SIDE = 256


def rows_of_things(count: int, chance: np.random.Generator) -> list[Rgb]:
    """Pictures of `SIDE` pixels, each with one to three rows of things of one kind."""
    return [_rows(chance) for _ in range(count)]


def _rows(chance: np.random.Generator) -> Rgb:
    ramp = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
    low, high = chance.uniform(20, 235, (2, 1, 1, 3)).astype(np.float32)
    if chance.random() < 0.6:
        low, high = (np.full(3, v.mean(), np.float32) for v in (low, high))
    canvas = np.ascontiguousarray(np.broadcast_to(low + ramp * (high - low), (SIDE, SIDE, 3)))
    bottom = int(chance.integers(80, SIDE))
    for _ in range(int(chance.integers(1, 4))):
        _row(canvas, bottom, chance)
        bottom += int(chance.integers(30, 90))
    canvas += chance.normal(0, chance.uniform(1, 7), canvas.shape).astype(np.float32)
    if chance.random() < 0.5:
        canvas = cv2.GaussianBlur(canvas, (0, 0), float(chance.uniform(0.4, 1.8)))
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _row(canvas: np.ndarray, bottom: int, chance: np.random.Generator) -> None:
    tall = int(chance.integers(40, 200))
    half = max(4, int(tall * chance.uniform(0.09, 0.24)))
    neck, cap = max(2, int(half * chance.uniform(0.25, 0.9))), int(tall * chance.uniform(0.1, 0.4))
    body, label, top = (tuple(float(v) for v in chance.uniform(10, 245, 3)) for _ in range(3))
    belt = tuple(float(v) for v in chance.uniform(20, 200, 3))
    cv2.rectangle(canvas, (0, bottom - 3), (SIDE, bottom + int(chance.integers(4, 40))), belt, -1)
    gap = int(half * chance.uniform(2.1, 7))
    for x in range(int(chance.integers(-half, gap)), SIDE + half, max(gap, 2 * half + 1)):
        shoulder = bottom - tall + cap
        cv2.rectangle(canvas, (x - half, shoulder), (x + half, bottom), body, -1)
        cv2.ellipse(canvas, (x, shoulder), (half, max(2, cap // 2)), 0, 180, 360, body, -1)
        cv2.rectangle(canvas, (x - neck, bottom - tall), (x + neck, shoulder), body, -1)
        cv2.rectangle(canvas, (x - neck, bottom - tall), (x + neck, bottom - tall + 4), top, -1)
        if label[0] < 160:
            middle = (shoulder + bottom) // 2
            cv2.rectangle(canvas, (x - half, middle - tall // 8), (x + half, middle), label, -1)
        shine = x - half // 2
        cv2.line(canvas, (shine, shoulder), (shine, bottom - 2), (240.0, 240.0, 240.0), 1)
