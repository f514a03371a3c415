"""Privacy masks: the one door through which decoded pixels are seen."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.errors import RuleError
from vision.frames import Frame, Grey, Image, Luma, Picture, halved
from vision.settings import Polygon

BLACK = (0, 0, 0)
TELEVISION = np.clip((np.arange(256) - 16) * (255 / 219) + 0.5, 0, 255).astype(np.uint8)
"""From 16..235 to 0..255."""


class Mask:
    """Blacks out polygons before anything else sees the picture.

    Args:
        polygons: In fractions of the picture.

    Raises:
        RuleError: A polygon has fewer than three corners.
    """

    def __init__(self, polygons: Sequence[Polygon]) -> None:
        for polygon in polygons:
            if len(polygon) < 3:
                raise RuleError("A privacy mask has fewer than three corners. Draw it again.")
        self._polygons = tuple(polygons)

    def reveal(self, picture: Picture) -> Frame:
        """A frame with the masks blacked out, in whatever form its pixels are asked for."""
        return Frame.of(picture, _Masked(picture, self._polygons))


class _Masked:
    """The pixels of one picture, masks applied before anybody has them."""

    def __init__(self, picture: Picture, polygons: tuple[Polygon, ...]) -> None:
        self._picture = picture
        self._polygons = polygons
        self._luma: Luma | None = None
        self._halves: list[Grey] = []
        """The plane and its halves: several ask for small ones of different sizes."""

    def image(self) -> Image:
        image = self._picture.decode()
        height, width = image.shape[:2]
        for polygon in self._polygons:
            # One at a time: filled together, where two overlap would stay open.
            cv2.fillPoly(image, [in_pixels(polygon, width, height)], BLACK)
        return image

    def grey(self, width: int, height: int) -> Grey | None:
        if self._picture.luma is None:
            return None
        if self._luma is None:
            self._luma = self._picture.luma()
            self._halves = [self._luma.plane]
        while (half := halved(self._halves[-1], width, height)) is not None:
            self._halves.append(half)
        # The smallest of those kept that is still large enough.
        plane = next(
            h for h in reversed(self._halves) if h is self._halves[0] or h.shape[1] >= width
        )
        grey = np.asarray(
            cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        if not self._luma.full:
            grey = np.asarray(cv2.LUT(grey, TELEVISION), np.uint8)
        for polygon in self._polygons:
            corners = [in_pixels(polygon, width, height)]
            cv2.fillPoly(grey, corners, BLACK)
            # Averaging mixed some of what is masked into the pixels around it.
            cv2.polylines(grey, corners, isClosed=True, color=BLACK, thickness=2)
        return grey


def in_pixels(polygon: Polygon, width: int, height: int) -> NDArray[np.int32]:
    """Corners as whole pixels, K×2."""
    return np.round(np.array(polygon) * (width, height)).astype(np.int32)
