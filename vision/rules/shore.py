"""Where water ends and land begins, column by column, along a drawn line.

Each column of the picture is judged by itself: is what lies at the line more like the water below
it, or more like the land that was there when the water was low? Brightness, colour, roughness and
restlessness are compared, each as it is now, so that dusk and clouds change both sides alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frames import Frame
from vision.settings import Line, Point

WIDTH = 320
COLUMNS = 32
DEPTH = 0.07
"""Height of the judged strips, part of the picture."""

SETTLE_S, LEARN_S, SLOW_S = 4.0, 20.0, 1800.0
"""Time constants: of a strip's look now, of the beginning, and of the land that is remembered."""

LONGEST_S = 5.0
SCALES = np.array([0.22, 0.12, 0.12, 0.7, 0.7], np.float32)
"""What counts as a difference of one in: log brightness, two log colours, log roughness, log
unrest."""

APART = 1.2
"""Land and water must differ by this much, or the column cannot be judged."""

NEARER = 0.7
"""At the line is water if it is so much nearer to the water than to the land that was there."""

STRIPS, WIDE = 7, 6
QUIET, BLACK = 0.02, 6.0
EVERY_S = 0.9
"""Looks that come faster are left out."""

DARK = 18.0
"""With a mean brightness below this nothing can be told."""

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look says.

    Attributes:
        share: Part of the columns that can be judged in which water stands at the line.
        judged: Part of all columns that can be judged.
    """

    share: float
    judged: float


class Shore:
    """The strips above, at and below one drawn line.

    Args:
        line: From one side to the other; the water is below it in the picture.
    """

    def __init__(self, line: Line) -> None:
        first, second = sorted(line)
        ways = np.linspace(0.02, 0.98, COLUMNS)
        self._places: list[Point] = [
            (
                first[0] + float(way) * (second[0] - first[0]),
                first[1] + float(way) * (second[1] - first[1]),
            )
            for way in ways
        ]
        self._last: Rows | None = None
        self._reading: Reading | None = None
        self._across = self._down = np.empty((0, 0), np.float32)
        self._now: Rows | None = None
        self._land: Rows | None = None
        self._begun_s = self._seen_s = 0.0

    def look(self, frame: Frame) -> Reading | None:
        """Judge a picture (masks applied); None while it is learnt, or cannot be judged."""
        if self._last is not None and 0 <= frame.mono_s - self._seen_s < EVERY_S:
            return self._reading
        brightness, picture = _light(frame)
        if brightness < DARK:
            return None
        if self._last is None or self._last.shape != picture.shape:
            self._last, self._now, self._land = picture, None, None
            self._begun_s = self._seen_s = frame.mono_s
            self._reading = None
            self._across = np.empty((0, 0), np.float32)
            return None
        since_s = min(max(frame.mono_s - self._seen_s, 0.0), LONGEST_S)
        unrest = np.abs(picture[..., 0] - self._last[..., 0])
        self._last, self._seen_s = picture, frame.mono_s
        seen = self._strips(picture, unrest)
        if self._now is None:
            self._now = seen
        self._now += _rate(since_s, SETTLE_S) * (seen - self._now)
        self._reading = self._judge(self._now, frame.mono_s - self._begun_s, since_s)
        return self._reading

    def _judge(self, now: Rows, lasted_s: float, since_s: float) -> Reading | None:
        above, at, below = now
        if lasted_s < LEARN_S or self._land is None:
            # What is at the line, beside what is above it: light changes both alike.
            self._land = at - above
            return None
        land = self._land + above
        apart = _distance(land, below)
        judged = apart >= APART
        if not judged.any():
            return Reading(0.0, 0.0)
        over = judged & (_distance(at, below) < NEARER * _distance(at, land))
        dry = ~over & (_distance(at, land) < 0.5 * apart)
        rate = np.where(dry, _rate(since_s, SLOW_S), 0.0).astype(np.float32)[:, None]
        self._land += rate * (at - above - self._land)
        return Reading(float(over.sum() / judged.sum()), float(judged.mean()))

    def _strips(self, picture: Rows, unrest: Rows) -> Rows:
        """3 strips × columns × 5 numbers: well above the line, just above it, and well below."""
        if self._across.size == 0:
            self._lay(*unrest.shape)
        along = cv2.remap(picture, self._across, self._down, cv2.INTER_NEAREST)
        moved = cv2.remap(unrest, self._across, self._down, cv2.INTER_NEAREST)
        tall = along.shape[0] // STRIPS
        strips = np.zeros((3, COLUMNS, 5), np.float32)
        for strip, place in enumerate((0, 3, 6)):
            rows = slice(place * tall, (place + 1) * tall)
            piece = along[rows].reshape(tall, COLUMNS, WIDE, 3)
            strips[strip, :, :3] = np.median(piece, axis=(0, 2))
            rough = np.abs(np.diff(piece[..., 0], axis=0)).mean(axis=(0, 2))
            restless = moved[rows].reshape(tall, COLUMNS, WIDE).mean(axis=(0, 2))
            strips[strip, :, 3], strips[strip, :, 4] = rough, restless
        strips[..., 3:] = np.log(strips[..., 3:] + QUIET)
        return strips

    def _lay(self, height: int, width: int) -> None:
        """Where in the picture each pixel of the strips comes from: they follow the line."""
        tall = max(3, round(DEPTH * height))
        xs = np.array([x for x, _ in self._places]) * width
        ys = np.array([y for _, y in self._places]) * height
        spread = np.linspace(-0.5, 0.5, WIDE) * (width / COLUMNS)
        across = (xs[:, None] + spread).reshape(1, -1)
        down = np.arange(-4 * tall, 3 * tall)[:, None] + np.repeat(ys, WIDE)[None, :]
        self._across = np.broadcast_to(across, down.shape).clip(0, width - 1).astype(np.float32)
        self._down = down.clip(0, height - 1).astype(np.float32)


def _distance(a: Rows, b: Rows) -> NDArray[np.float32]:
    return np.asarray(np.sqrt((((a - b) / SCALES) ** 2).sum(-1)), np.float32)


def _rate(since_s: float, constant_s: float) -> float:
    return 1 - math.exp(-since_s / constant_s)


def _light(frame: Frame) -> tuple[float, Rows]:
    """Mean brightness, and log brightness with two log colours: a dimmer light only shifts it."""
    height = max(1, round(frame.height * WIDTH / frame.width))
    small = cv2.resize(frame.image, (WIDTH, height), interpolation=cv2.INTER_AREA)
    blue, green, red = cv2.split(cv2.log(small.astype(np.float32) + BLACK))
    shifted = np.dstack((green, blue - green, red - green))
    return float(small.mean()), np.asarray(shifted, np.float32)
