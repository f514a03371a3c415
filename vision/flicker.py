"""Whether what looks like fire lives like fire: flames flicker in place, lamps and vests do not.

The colour test follows the usual RGB and luma rules for flame pixels (Celik and Demirel 2009); the
test in time counts how often the brightness of a pixel turns between rising and falling, as flames
do several times a second and no lamp, sunset or person in red does.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.boxes import Box
from vision.frames import Frame

LINES = 120
MOST_FRAMES = 32
LEAST_FRAMES = 6
LEAST_PART = 0.4
"""Part of the span that must have been seen before anything is judged."""

LEAST_PIXELS = 6
"""Fewer coloured small pixels than this are too few to be judged."""

LARGE = 200
"""In so many small pixels a fire would show some of its colour."""

NOISE = 7.0
"""Grey levels: a smaller change between two looks is not one."""

OFTEN = 0.3
TURNING, STAYING = 0.05, 0.4
"""What a fire reaches, lamps and passing vests do not; see `tests/vision/test_flicker.py`."""

Stack = NDArray[np.float32]


class Verdict(Enum):
    """What the seconds before say about something that looks like fire or smoke."""

    LIVELY = "lively"
    LIFELESS = "lifeless"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Liveliness:
    """How a piece of the picture behaved over the last seconds.

    Attributes:
        pixels: Small pixels that could be judged.
        coloured: How many of them had the colour of flames, or of a white-hot blaze, at any time.
        staying: Part of those that had it again and again, 0..1: flames stay, a vest walks by.
        turning: Part of the looks in which the brightness of those that stay turned, 0..1.
        change: Mean change between two looks, grey levels.
        grey: The picture has no colour, as at night with infrared light.
    """

    pixels: int = 0
    coloured: int = 0
    staying: float = 0.0
    turning: float = 0.0
    change: float = 0.0
    grey: bool = False

    @property
    def of_fire(self) -> Verdict:
        """Whether it lives like a fire."""
        if self.coloured < LEAST_PIXELS:
            large = self.pixels >= LARGE and not self.grey
            return Verdict.LIFELESS if large else Verdict.UNKNOWN
        lively = self.turning >= TURNING and self.staying >= STAYING
        return Verdict.LIVELY if lively else Verdict.LIFELESS


class FlickerMemory:
    """The last seconds of one camera in small; at most `MOST_FRAMES` pictures of `LINES` lines.

    Args:
        span_s: How far it remembers.
    """

    def __init__(self, span_s: float = 2.5) -> None:
        self._span_s = span_s
        self._frames: deque[tuple[float, NDArray[np.uint8]]] = deque(maxlen=MOST_FRAMES)

    def look(self, frame: Frame) -> None:
        """Remember one picture; pictures that come faster than can be kept are left out."""
        height = min(LINES, frame.height)
        width = max(1, round(frame.width * height / frame.height))
        if self._frames:
            last_s, last = self._frames[-1]
            if frame.mono_s - last_s < self._span_s / MOST_FRAMES:
                return
            if last.shape[:2] != (height, width):
                self._frames.clear()
        small = cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_AREA)
        self._frames.append((frame.mono_s, np.asarray(small, np.uint8)))
        while frame.mono_s - self._frames[0][0] > self._span_s:
            self._frames.popleft()

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def enough(self) -> bool:
        """Whether enough was seen to judge."""
        frames = self._frames
        seen_s = frames[-1][0] - frames[0][0] if frames else 0.0
        return len(frames) >= LEAST_FRAMES and seen_s >= LEAST_PART * self._span_s

    def judge(self, box: Box, frame: Frame) -> Liveliness | None:
        """How a box (pixels of `frame`) behaved; None as long as it cannot be known."""
        if not self.enough:
            return None
        height, width, _ = self._frames[-1][1].shape
        across, down = width / frame.width, height / frame.height
        left, top = max(0, int(box[0] * across)), max(0, int(box[1] * down))
        right = min(width, max(left + 1, round(box[2] * across)))
        bottom = min(height, max(top + 1, round(box[3] * down)))
        stack = np.stack([small[top:bottom, left:right] for _, small in self._frames])
        return None if not stack.size else liveliness(stack.astype(np.float32))


def liveliness(stack: Stack) -> Liveliness:
    """How a piece of the picture behaved.

    Args:
        stack: T×H×W×3, blue-green-red, 0..255, one picture after the other.
    """
    light = stack @ np.array([0.114, 0.587, 0.299], np.float32)
    steps = np.diff(light, axis=0)
    grey = bool(np.abs(stack[..., 2] - stack[..., 0]).mean() < 4)
    # A blaze at night is white to a camera, without colour at all.
    hot = (light > 200) if grey else flame_coloured(stack) | (stack.min(axis=-1) > 235)
    often = hot.mean(axis=0) >= OFTEN
    turns = _turns(steps)
    return Liveliness(
        pixels=int(light[0].size),
        coloured=int(hot.any(axis=0).sum()),
        staying=int(often.sum()) / max(1, int(hot.any(axis=0).sum())),
        turning=float(turns[:, often].mean()) if often.any() else 0.0,
        change=float(np.abs(steps).mean()),
        grey=grey,
    )


def flame_coloured(stack: Stack) -> NDArray[np.bool_]:
    """Where a picture or a stack of pictures has the colour of flames."""
    blue, green, red = stack[..., 0], stack[..., 1], stack[..., 2]
    flame = (red > 170) & (red >= green) & (green > blue) & (red - blue > 45)
    # The heart of a flame is white to a camera; it counts where it is warm.
    heart = (red > 230) & (green > 200) & (red - blue > 15)
    return np.asarray(flame | heart)


def _turns(steps: Stack) -> NDArray[np.bool_]:
    """Where brightness rose and then fell, or the other way round; noise turns nothing."""
    before, after = steps[:-1], steps[1:]
    return np.asarray((before * after < 0) & (np.minimum(np.abs(before), np.abs(after)) > NOISE))
