"""Where flames could be: places that have the colour of flames and flicker in it.

The rules for the colour are the usual ones in RGB (Celik and Demirel 2009). They are cheap and miss
little; brick, vests and lamps pass them, too. In time, brightness turns between rising and falling
several times a second where flames are. Both together leave few places, and each of those still has
to be judged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.boxes import Box, areas, padded, to_array
from vision.detections import Detections
from vision.frames import Frame, Image, shrunk

LINES = 120
LEAST_PIXELS = 5
"""A patch of fewer small pixels is noise."""

MOST_PLACES = 6
MOST_FLAMES = 3
"""Flickering places looked at in one picture, the largest ones."""

PADDING = 0.15
PARTED_PX = 24.0
"""A place whose longer side is more is also looked at in parts: flames are seldom all of it."""

NOISE = 7.0
"""Grey levels: a smaller change between two looks is not one."""

MEMORY_S, LASTING_S = 0.8, 2.0
"""Time constants: of what is remembered about each pixel, and of how long it has been so."""

LASTING = 0.5
"""What flickers for a moment is somebody who passes; flames go on."""

OFTEN, TURNING = 0.25, 0.07
"""Share of the time a pixel must have the colour, and its surroundings must turn."""

AROUND = 5
"""Side of the surroundings, small pixels: flames turn everywhere, an edge that shakes in a line."""

FORGET_S = 5.0
"""After so long without a look nothing is remembered."""

FAITH = 0.65
"""Power by which a score between 0 and 1 is raised where it flickers in the colour of flames."""

Mask = NDArray[np.uint8]
Plane = NDArray[np.float32]


def flame_places(image: Image, most: int = MOST_PLACES) -> list[Box]:
    """Boxes in pixels around patches of the colour of flames, largest first.

    Args:
        image: H×W×3 BGR.
        most: So many at most.
    """
    height, width = image.shape[:2]
    lines = min(LINES, height)
    columns = max(1, round(width * lines / height))
    return boxes_of(flame_mask(shrunk(image, columns, lines)), width, height, most)


def flame_mask(small: Image) -> Mask:
    """1 where a pixel has the colour of flames, 0 elsewhere: H×W."""
    blue, green, red = cv2.split(small)
    if cv2.minMaxLoc(red)[1] <= 170:
        return np.zeros(red.shape, np.uint8)
    warm = cv2.subtract(red, blue)
    # The heart of a flame is white to a camera; it counts where it is warm.
    flame = (red > 170) & (red >= green) & (green > blue) & (warm > 45)
    heart = (red > 230) & (green > 200) & (warm > 15)
    return np.asarray(flame | heart, np.uint8)


def boxes_of(mask: Mask, width: int, height: int, most: int = MOST_PLACES) -> list[Box]:
    """Boxes around the patches of a mask, in pixels of a picture of that size, largest first."""
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, _, blobs, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    across, down = width / mask.shape[1], height / mask.shape[0]
    rows = [row for row in blobs[1:count].tolist() if row[4] >= LEAST_PIXELS]
    boxes = [
        padded(
            (left * across, top * down, (left + wide) * across, (top + tall) * down),
            PADDING,
            width,
            height,
        )
        for left, top, wide, tall, _ in rows
    ]
    order = np.argsort(-areas(to_array(boxes)), kind="stable")[:most]
    return [boxes[index] for index in order]


def parts(places: Sequence[Box]) -> list[Box]:
    """The quarters and the middle of the largest place, if it is large enough."""
    if not places:
        return []
    left, top, right, bottom = places[0]
    wide, tall = (right - left) / 2, (bottom - top) / 2
    if max(wide, tall) * 2 < PARTED_PX:
        return []
    corners = [(left + x * wide, top + y * tall) for x in (0, 1) for y in (0, 1)]
    corners.append((left + wide / 2, top + tall / 2))
    return [(x, y, x + wide, y + tall) for x, y in corners]


def gathered(found: Detections, places: Sequence[Box]) -> Detections:
    """What was called fire within a flickering place, as one fire as large as the place.

    It has the best score of them, raised because it flickers; and that it flickers where it is
    tells more than any way it came.
    """
    fires = np.array([label == "fire" for label in found.labels], bool)
    if not places or not fires.any():
        return found
    middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    rest = np.ones(len(found), bool)
    whole: list[tuple[Box, float, str]] = []
    for left, top, right, bottom in places:
        within = (middles >= (left, top)).all(axis=1) & (middles <= (right, bottom)).all(axis=1)
        within &= fires & rest
        if within.any():
            score = float(found.scores[within].max()) ** FAITH
            whole.append(((left, top, right, bottom), score, "fire"))
            rest &= ~within
    others, burning = found.where(rest), Detections.of(whole)
    moved = np.zeros(len(others), bool) if others.moved is None else others.moved
    return Detections(
        np.concatenate([burning.boxes, others.boxes]),
        np.concatenate([burning.scores, others.scores]),
        (*burning.labels, *others.labels),
        np.concatenate([np.zeros(len(burning), bool), moved]),
    )


class FlameWatch:
    """Which places of one camera have the colour of flames and flicker; some small planes."""

    def __init__(self) -> None:
        self._light: Plane = np.empty((0, 0), np.float32)
        self._step = self._turning = self._hot = self._lasting = self._light
        self._seen_s = 0.0

    def look(self, frame: Frame) -> list[Box]:
        """Remember one picture; boxes in its pixels of what flickers in the colour of flames."""
        lines = min(LINES, frame.height)
        columns = max(1, round(frame.width * lines / frame.height))
        small = shrunk(frame.image, columns, lines)
        light = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        hot = flame_mask(small)
        since_s = frame.mono_s - self._seen_s
        self._seen_s = frame.mono_s
        if light.shape != self._light.shape or not 0 < since_s <= FORGET_S or not self._warm(hot):
            self._begin(light, hot)
            return []
        step = light - self._light
        turned = (step * self._step < 0) & (np.minimum(np.abs(step), np.abs(self._step)) > NOISE)
        rate = 1 - math.exp(-since_s / MEMORY_S)
        self._turning += rate * (turned.astype(np.float32) - self._turning)
        self._hot += rate * (hot - self._hot)
        self._light, self._step = light, step
        lively = (self._hot > OFTEN) & (cv2.blur(self._turning, (AROUND, AROUND)) > TURNING)
        self._lasting += (1 - math.exp(-since_s / LASTING_S)) * (lively - self._lasting)
        lively &= self._lasting > LASTING
        if not lively.any():
            return []
        return boxes_of(lively.astype(np.uint8), frame.width, frame.height, MOST_FLAMES)

    def _warm(self, hot: Mask) -> bool:
        """Whether anything has had the colour lately; most pictures end here."""
        return cv2.countNonZero(hot) >= LEAST_PIXELS or float(self._hot.max()) > OFTEN

    def _begin(self, light: Plane, hot: Mask) -> None:
        self._light = light
        self._step, self._turning, self._lasting = (np.zeros_like(light) for _ in range(3))
        self._hot = hot.astype(np.float32)
