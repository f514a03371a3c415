"""What lies in a zone that was not there before: the background at two speeds.

A quick background forgets who passes, a slow one remembers the empty place (Porikli, Ivanov and
Haga, 2008: dual foregrounds). What the quick one has and the slow one has not came and stayed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.boxes import Box
from vision.frames import Frame
from vision.settings import Polygon

LINES = 144
QUICK_S, SLOW_S = 3.0, 600.0
LEARN_S = 6.0
"""The first seconds only teach: what lies there from the start is part of the place."""

LONGEST_S = 5.0
"""A pause between two looks counts as no more than this."""

STEP = 16.0
"""Grey levels; less is noise, compression or a cloud."""

WHOLE = 0.5
"""More of the zone than this did not come to lie there: light or camera changed."""

LEAST_PART = 0.0012
"""Of the picture: about a pair of shoes at the far end, a carton at the near one."""

MOST_PART = 0.25
PATIENCE = 3.0
"""What is too small to be told becomes part of the place after this many dwells."""

ACCEPT_S = 4 * 3600.0
"""So does a thing after hours in which nobody took it."""

EVERY_S = 0.4
"""Looks that come faster are left out."""

SHADOW_DARK, SHADOW_EVEN = (0.35, 0.95), 0.09
"""A shadow leaves this part of the light, and everywhere nearly the same part of it."""

NEW_EDGE = 1.1
"""What came has a border that the place had not; what was taken away has lost one."""

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lying:
    """One thing that came and stayed.

    Attributes:
        box: Pixels of the frame.
        lasted_s: For how long most of it has been there.
        step: How much it differs from the place, grey levels.
    """

    box: Box
    lasted_s: float
    step: float


class Ground:
    """The place of one zone, empty and now.

    Args:
        polygon: The zone, in fractions of the picture.
    """

    def __init__(self, polygon: Polygon) -> None:
        self._polygon = polygon
        self._inside: Mask = np.empty((0, 0), bool)
        self._quick: Plane = np.empty((0, 0), np.float32)
        self._slow = self._lasted_s = self._quick
        self._begun_s = self._seen_s = 0.0
        self._found: list[Lying] = []

    def look(self, frame: Frame, busy: Sequence[Box], enough_s: float) -> list[Lying]:
        """Learn from a picture; the things that have been lying for `enough_s`.

        Args:
            frame: Masks applied; times must not run backwards.
            busy: Boxes in pixels in which somebody or something known is: nothing lies there.
            enough_s: Seconds.
        """
        if self._slow.size and 0 <= frame.mono_s - self._seen_s < EVERY_S:
            return self._found
        now = _small(frame)
        if now.shape != self._slow.shape:
            self._begin(now, frame.mono_s)
            return []
        since_s = min(max(frame.mono_s - self._seen_s, 0.0), LONGEST_S)
        self._seen_s = frame.mono_s
        self._quick += _rate(since_s, QUICK_S) * (now - self._quick)
        if frame.mono_s - self._begun_s < LEARN_S:
            self._slow = self._quick.copy()
            return []
        usual = self._in_this_light()
        other = (np.abs(self._quick - usual) > STEP) & self._inside
        if float(other.sum()) > WHOLE * float(self._inside.sum()):
            self._begin(now, frame.mono_s)
            return []
        self._time(now, other, self._covered(busy, frame), since_s)
        # What differs does not teach: else whatever lies long enough becomes the place.
        rate = np.where(other, 0.0, _rate(since_s, SLOW_S)).astype(np.float32)
        self._slow += rate * (self._quick - self._slow)
        self._found = self._lying(usual, enough_s, frame)
        return self._found

    def _begin(self, now: Plane, mono_s: float) -> None:
        self._begun_s = self._seen_s = mono_s
        self._found = []
        self._quick, self._slow = now.copy(), now.copy()
        self._lasted_s = np.zeros_like(now)
        lines, columns = now.shape
        filled = np.zeros((lines, columns), np.uint8)
        corners = np.round(np.array(self._polygon) * (columns, lines)).astype(np.int32)
        cv2.fillPoly(filled, [corners], 1)
        self._inside = filled.astype(bool)

    def _in_this_light(self) -> Plane:
        """The empty place as bright as the picture is now: gain and shift by what is usual."""
        plain = self._inside & (self._lasted_s == 0)
        if 2 * plain.sum() < self._inside.sum():
            plain = self._inside
        before, now = self._slow[plain], self._quick[plain]
        low, middle, high = np.percentile(before, (20, 50, 80))
        low_now, middle_now, high_now = np.percentile(now, (20, 50, 80))
        gain = (high_now - low_now) / (high - low) if high - low > STEP else 1.0
        gain = min(2.0, max(0.5, gain))
        return np.asarray(gain * (self._slow - middle) + middle_now, np.float32)

    def _covered(self, busy: Sequence[Box], frame: Frame) -> Mask:
        lines, columns = self._slow.shape
        covered = np.zeros((lines, columns), bool)
        down, across = lines / frame.height, columns / frame.width
        for left, top, right, bottom in busy:
            rows = slice(max(0, int(top * down) - 1), math.ceil(bottom * down) + 1)
            covered[rows, max(0, int(left * across) - 1) : math.ceil(right * across) + 1] = True
        return covered

    def _time(self, now: Plane, other: Mask, covered: Mask, since_s: float) -> None:
        """Count for how long each pixel has shown the same thing that was not there before."""
        still = np.abs(now - self._quick) <= STEP
        self._lasted_s[other & still & ~covered] += since_s
        # Who stands before it hides it; only the empty place says that it is gone.
        self._lasted_s[~other & still & ~covered] = 0

    def _lying(self, usual: Plane, enough_s: float, frame: Frame) -> list[Lying]:
        # Whole things, not the part of one that came to rest first.
        there = (self._lasted_s >= max(enough_s / 2, 1e-6)).astype(np.uint8)
        if not there.any():
            return []
        joined = cv2.morphologyEx(there, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        count, marks, blobs, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        across, down = frame.width / there.shape[1], frame.height / there.shape[0]
        found: list[Lying] = []
        for number in range(1, count):
            left, top, width, height, area = (int(value) for value in blobs[number])
            blob = marks == number
            lasted_s = float(np.median(self._lasted_s[blob]))
            if lasted_s < enough_s:
                continue
            large = LEAST_PART <= area / there.size <= MOST_PART
            if not large or lasted_s > ACCEPT_S or self._is_light(usual, blob):
                if large or lasted_s > PATIENCE * enough_s:
                    self._accept(blob)
                continue
            box = (left * across, top * down, (left + width) * across, (top + height) * down)
            differs = float(np.abs(self._quick - usual)[blob].mean())
            found.append(Lying(box, lasted_s, differs))
        return found

    def _accept(self, blob: Mask) -> None:
        """It is part of the place from now on, with its soft border."""
        wide = cv2.dilate(blob.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
        self._slow[wide] = self._quick[wide]
        self._lasted_s[wide] = 0

    def _is_light(self, usual: Plane, blob: Mask) -> bool:
        """Whether a blob is a shadow, a patch of light, or the place of what was taken away."""
        core = cv2.erode(blob.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        inner = core if core.any() else blob
        left = (self._quick[inner] + 1) / (usual[inner] + 1)
        middle = float(np.median(left))
        even = float(np.median(np.abs(left - middle))) <= SHADOW_EVEN * middle
        if even and SHADOW_DARK[0] <= middle <= SHADOW_DARK[1] and self._same_grain(usual, inner):
            return True
        wide = cv2.dilate(blob.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        border = wide & ~inner
        return _edges(self._quick, border) < NEW_EDGE * _edges(usual, border)

    def _same_grain(self, usual: Plane, inner: Mask) -> bool:
        """Whether the texture of the place still shows, or neither has any."""
        now, before = (plane - cv2.blur(plane, (5, 5)) for plane in (self._quick, usual))
        a, b = now[inner] - now[inner].mean(), before[inner] - before[inner].mean()
        size = float(np.sqrt((a * a).sum() * (b * b).sum()))
        rough = math.sqrt(float((b * b).mean()))
        if rough < 1.0:
            return math.sqrt(float((a * a).mean())) < 2.0
        return size > 0 and float((a * b).sum()) / size > 0.5


def _edges(plane: Plane, where: Mask) -> float:
    """Mean strength of edges, at least one grey level."""
    across = cv2.Sobel(plane, cv2.CV_32F, 1, 0)
    edges = cv2.magnitude(across, cv2.Sobel(plane, cv2.CV_32F, 0, 1))
    return max(1.0, float(edges[where].mean())) if where.any() else 1.0


def _rate(since_s: float, constant_s: float) -> float:
    return 1 - math.exp(-since_s / constant_s)


def _small(frame: Frame) -> Plane:
    height = min(LINES, frame.height)
    width = max(1, round(frame.width * height / frame.height))
    return cv2.GaussianBlur(frame.grey(width, height), (3, 3), 0).astype(np.float32)
