"""Privacy masks: the one door through which decoded pixels are seen."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.errors import RuleError
from vision.frames import Frame, Picture
from vision.settings import Polygon

BLACK = (0, 0, 0)


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
        """Decode a picture and black out its masks."""
        image = picture.decode()
        if self._polygons:
            height, width = image.shape[:2]
            drawn = [in_pixels(polygon, width, height) for polygon in self._polygons]
            for corners in drawn:
                # One at a time: filled together, where two overlap would stay open.
                cv2.fillPoly(image, [corners], BLACK)
        return Frame(image, picture.mono_s, picture.media_s)


def in_pixels(polygon: Polygon, width: int, height: int) -> NDArray[np.int32]:
    """Corners as whole pixels, K×2."""
    return np.round(np.array(polygon) * (width, height)).astype(np.int32)
