"""What differs from the usual picture: cheap enough to run on every look.

A background of about 100 lines of brightness, with mean and variance for each pixel (one Gaussian
each: Wren et al., Pfinder, 1997). Learning is selective: fast where nothing moves, slow where
something does, and almost not at all where an object is being followed, so that a person who
stands still does not become part of the wall.

What nobody follows and what stays as it is for longer than the background was seen becomes the
background at once: so the hole that is left by what stood there when the camera started closes as
soon as the ground behind it was seen for longer, and what is set down or carried away is news for
some seconds only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.blobs import blobs, merged
from vision.boxes import Box, padded
from vision.frames import Frame

LINES = 100
STILL_S, MOVING_S, HELD_S = 5.0, 60.0, 600.0
"""Time constants of learning: where nothing moves, where something does, where one is held."""

RESTLESS_S = 300.0
"""Time constant with which a place that keeps moving, like a tree, comes to count for less."""

MIN_SIGMA, MAX_SIGMA, FIRST_SIGMA = 4.0, 30.0, 6.0
SIGMAS = 3.0
GLOBAL_SHARE = 0.6
"""More of the picture than this does not move by itself: a light or the camera changed."""

MIN_PIXELS = 8
MOST_REGIONS = 12
PADDING = 0.08
"""Room around what is being followed, in which nothing is learnt."""

REGION_PADDING = 0.04

STEADY = 10.0
"""Grey levels within which a pixel stays as it is."""

SETTLED_S = 10.0
"""What has stayed as it is for so long replaces any background."""

SETTLE_EVERY_S = 0.45
"""So seldom is looked at what has settled: half a second more or less is no matter."""

LEAST_SETTLED_S = 0.9
"""Less is no rest, also for a camera that has just started."""

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Movement:
    """What moved in one frame.

    Attributes:
        regions: Boxes in pixels of the frame, merged and padded, largest first.
        everywhere: The whole picture changed and the background was begun anew.
    """

    regions: tuple[Box, ...]
    everywhere: bool = False

    def __bool__(self) -> bool:
        return bool(self.regions) or self.everywhere


class MotionModel:
    """The background of one camera."""

    def __init__(self) -> None:
        self._mean: Plane = np.empty((0, 0), np.float32)
        self._variance = self._anchor = self._steady_s = self._known_s = self._mean
        self._seen_s = self._waited_s = self._shift = 0.0
        self._near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))

    def look(self, frame: Frame, held: Sequence[Box] = ()) -> Movement:
        """Compare a frame with the background, then learn from it.

        Args:
            frame: The picture, masks applied.
            held: Boxes in pixels of objects being followed: the background must not learn them.
        """
        now = _small(frame)
        if self._mean.shape != now.shape:
            self._begin(now, frame.mono_s)
            return Movement(())
        since_s = min(max(frame.mono_s - self._seen_s, 0.0), 1.0)
        self._seen_s = frame.mono_s
        difference = now - self._mean
        # Exposure and clouds shift every pixel alike; that is not movement.
        # A quarter of the pixels tells as much, in a tenth of the time.
        shift = float(np.median(difference[::2, ::2]))
        difference -= shift
        moving = difference * difference > SIGMAS * SIGMAS * self._variance
        if np.count_nonzero(moving) > GLOBAL_SHARE * moving.size:
            self._begin(now, frame.mono_s)
            return Movement((), everywhere=True)
        kept = self._kept(held, frame)
        self._learn(difference, shift, moving, kept, since_s)
        self._shift += shift
        self._waited_s += since_s
        if self._waited_s >= SETTLE_EVERY_S:
            self._replace(now, moving & ~kept)
        return Movement(self._regions(moving, frame))

    def _begin(self, now: Plane, mono_s: float) -> None:
        self._mean = now.copy()
        self._variance = np.full(now.shape, FIRST_SIGMA**2, np.float32)
        self._anchor = now.copy()
        self._steady_s, self._known_s = np.zeros_like(now), np.zeros_like(now)
        self._waited_s = self._shift = 0.0
        self._seen_s = mono_s

    def _learn(
        self,
        difference: Plane,
        shift: float,
        moving: NDArray[np.bool_],
        kept: NDArray[np.bool_],
        since_s: float,
    ) -> None:
        rate = np.where(moving, _rate(since_s, MOVING_S), _rate(since_s, STILL_S))
        rate = np.where(kept, _rate(since_s, HELD_S), rate).astype(np.float32)
        self._mean += rate * difference + shift
        # Fast where still; slow where something moves, else one passer-by makes the place deaf.
        rate = np.where(moving, _rate(since_s, RESTLESS_S), _rate(since_s, STILL_S))
        rate = np.where(kept, 0, rate).astype(np.float32)
        self._variance += rate * (difference * difference - self._variance)
        np.clip(self._variance, MIN_SIGMA**2, MAX_SIGMA**2, out=self._variance)

    def _replace(self, now: Plane, strange: NDArray[np.bool_]) -> None:
        """Let what has settled be the background."""
        since_s = self._waited_s
        self._anchor += self._shift
        self._shift = self._waited_s = 0.0
        changed = np.abs(now - self._anchor) > STEADY
        np.copyto(self._anchor, now, where=changed)
        self._steady_s += since_s
        self._steady_s[changed] = 0.0
        np.minimum(self._known_s + since_s, SETTLED_S, out=self._known_s, where=~strange)
        settled = strange & (self._steady_s > np.maximum(self._known_s, LEAST_SETTLED_S))
        if settled.any():
            np.copyto(self._mean, now, where=settled)
            np.copyto(self._variance, np.float32(FIRST_SIGMA**2), where=settled)
            np.copyto(self._known_s, self._steady_s, where=settled)

    def _kept(self, held: Sequence[Box], frame: Frame) -> NDArray[np.bool_]:
        lines, columns = self._variance.shape
        kept = np.zeros((lines, columns), bool)
        down, across = lines / frame.height, columns / frame.width
        for box in held:
            left, top, right, bottom = padded(box, PADDING, frame.width, frame.height)
            rows = slice(int(top * down), math.ceil(bottom * down))
            kept[rows, int(left * across) : math.ceil(right * across)] = True
        return kept

    def _regions(self, moving: NDArray[np.bool_], frame: Frame) -> tuple[Box, ...]:
        if np.count_nonzero(moving) < MIN_PIXELS // 2:
            return ()
        joined = cv2.morphologyEx(moving.astype(np.uint8), cv2.MORPH_CLOSE, self._near)
        across, down = frame.width / moving.shape[1], frame.height / moving.shape[0]
        found = [
            padded(
                (left * across, top * down, right * across, bottom * down),
                REGION_PADDING,
                frame.width,
                frame.height,
            )
            for left, top, right, bottom in blobs(np.asarray(joined, np.uint8), MIN_PIXELS)
        ]
        return tuple(merged(found)[:MOST_REGIONS])


def _rate(since_s: float, constant_s: float) -> float:
    return 1 - math.exp(-since_s / constant_s)


def _small(frame: Frame) -> Plane:
    """About `LINES` lines of brightness, slightly blurred."""
    height = min(LINES, frame.height)
    width = max(1, round(frame.width * height / frame.height))
    return cv2.GaussianBlur(frame.grey(width, height), (3, 3), 0).astype(np.float32)
