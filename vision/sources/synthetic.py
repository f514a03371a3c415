"""A camera that needs nothing: a rectangle walking across a still picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np

from vision.boxes import Box
from vision.errors import SourceError
from vision.frames import Image, Picture
from vision.sources.pace import Pace, RealTime

GROUND = (90, 110, 100)
OBJECT = (40, 40, 220)


def still(_: float) -> Box | None:
    """A scene in which nothing happens."""
    return None


class SyntheticSource:
    """Draws its own pictures; the quiet implementation of the seam.

    Args:
        scene: Where the rectangle is at a media time, in fractions of the picture; None: nowhere.
        seconds: How long it plays.
        breaks_with: Raised at the end instead of an orderly end, to play a failing camera.
    """

    def __init__(
        self,
        scene: Callable[[float], Box | None] = still,
        *,
        seconds: float = float("inf"),
        fps: float = 10.0,
        width: int = 320,
        height: int = 180,
        pace: Pace | None = None,
        breaks_with: SourceError | None = None,
    ) -> None:
        self._scene = scene
        self._seconds = seconds
        self._fps = fps
        self._size = (width, height)
        self._pace = pace or RealTime()
        self._breaks_with = breaks_with

    @property
    def codec(self) -> str:
        return "synthetic"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to close."""

    def __iter__(self) -> Iterator[Picture]:
        width, height = self._size
        number = 0
        while (media_s := number / self._fps) < self._seconds:
            draw = partial(drawn, self._scene(media_s), width, height)
            yield Picture(self._pace.due(media_s), media_s, width, height, draw)
            number += 1
        if self._breaks_with is not None:
            raise self._breaks_with


def drawn(box: Box | None, width: int, height: int) -> Image:
    """A textured ground with the rectangle on it."""
    image = np.empty((height, width, 3), np.uint8)
    image[:] = GROUND
    image[::8] += 20
    if box is not None:
        left, top, right, bottom = box
        rows = slice(int(top * height), int(bottom * height))
        image[rows, int(left * width) : int(right * width)] = OBJECT
    return image
