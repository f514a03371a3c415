"""Square pieces of a picture for the patch classifier: training and use cut the same way.

Training scales with care; in use the same piece is scaled faster, alike to a grey level or so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from vision.boxes import Box

Pixels: TypeAlias = npt.NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]

MARGIN = 1.2
"""Side of the square over the longer side of the region: motion regions are not tight."""

PATCH_PX = 64
"""Side of the network's input."""


def square_patch(
    picture: npt.NDArray[np.uint8],
    box: Sequence[float] | npt.NDArray[np.float32],
    *,
    margin: float = MARGIN,
    size: int = PATCH_PX,
) -> npt.NDArray[np.uint8]:
    """Cut the square around a box and scale it; beyond the edge the border pixels repeat.

    Args:
        picture: (height, width, 3) uint8.
        box: Left, top, right, bottom in pixels.
        margin: Side of the square over the longer side of the box.
        size: Side of the result in pixels.

    Returns:
        (size, size, 3) uint8 in the channel order of the picture.
    """
    left, top, right, bottom = (float(v) for v in box)
    return _cut(picture, (left, top, right, bottom), margin, size, _scaled_well)


def _cut(
    picture: Pixels, box: Box, margin: float, size: int, scaled: Callable[[Pixels, Size], Pixels]
) -> Pixels:
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    side = max(2, round(max(right - left, bottom - top) * margin))
    x = round((left + right - side) / 2)
    y = round((top + bottom - side) / 2)
    x0, y0 = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    x1, y1 = max(min(x + side, width), x0 + 1), max(min(y + side, height), y0 + 1)
    piece = picture[y0:y1, x0:x1]
    # Scale first, then repeat the border: the intermediate picture stays small.
    scale = size / side
    inner = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
    inner = (min(inner[0], size), min(inner[1], size))
    small = scaled(piece, inner)
    if inner != (size, size):
        before_x = min(round((x0 - x) * scale), size - inner[0])
        before_y = min(round((y0 - y) * scale), size - inner[1])
        before_x, before_y = max(before_x, 0), max(before_y, 0)
        grown = cv2.copyMakeBorder(
            small,
            before_y,
            size - inner[1] - before_y,
            before_x,
            size - inner[0] - before_x,
            cv2.BORDER_REPLICATE,
        )
        return np.asarray(grown, np.uint8)
    return small


def _scaled_well(piece: Pixels, size: Size) -> Pixels:
    way = cv2.INTER_AREA if size[0] < piece.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(piece, size, interpolation=way), np.uint8)


def _scaled_fast(piece: Pixels, size: Size) -> Pixels:
    columns, lines = size
    while piece.shape[1] >= 2 * columns and piece.shape[0] >= 2 * lines:
        half = (piece.shape[1] // 2, piece.shape[0] // 2)
        even = piece[: 2 * half[1], : 2 * half[0]]
        piece = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_LINEAR), np.uint8)


class PatchBatch:
    """Cuts the regions of a picture into one tensor, in the same memory again and again.

    Args:
        views: Margin and mirroring of each look at a region.
        most: Regions it has room for; more need fresh memory.
        size: Side of a patch in pixels.
    """

    def __init__(
        self, views: Sequence[tuple[float, bool]], most: int, *, size: int = PATCH_PX
    ) -> None:
        self._views = tuple(views)
        self._size = size
        self._make_room(most * len(self._views))

    def __call__(self, picture: Pixels, boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """RGB 0..1, (views × boxes, 3, size, size), view by view; good until the next.

        Args:
            picture: (height, width, 3) uint8 BGR.
            boxes: (n, 4) pixels.
        """
        count = len(boxes) * len(self._views)
        if count > len(self._bytes):
            self._make_room(count)
        places: list[list[float]] = boxes.tolist()
        number = 0
        for margin, mirrored in self._views:
            for left, top, right, bottom in places:
                box = (left, top, right, bottom)
                patch = _cut(picture, box, margin, self._size, _scaled_fast)
                red, green, blue = self._bytes[number]
                cv2.split(cv2.flip(patch, 1) if mirrored else patch, [blue, green, red])
                number += 1
        tensor = self._tensor[:count]
        np.multiply(self._bytes[:count], np.float32(1 / 255), out=tensor)
        return tensor

    def _make_room(self, count: int) -> None:
        self._bytes = np.empty((count, 3, self._size, self._size), np.uint8)
        self._tensor = np.empty(self._bytes.shape, np.float32)
