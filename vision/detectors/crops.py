"""Square pieces of a picture for the patch classifier: training and use cut the same way."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

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
    height, width = picture.shape[:2]
    left, top, right, bottom = (float(v) for v in box)
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
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(piece, inner, interpolation=way)
    if inner != (size, size):
        before_x = min(round((x0 - x) * scale), size - inner[0])
        before_y = min(round((y0 - y) * scale), size - inner[1])
        before_x, before_y = max(before_x, 0), max(before_y, 0)
        small = cv2.copyMakeBorder(
            small,
            before_y,
            size - inner[1] - before_y,
            before_x,
            size - inner[0] - before_x,
            cv2.BORDER_REPLICATE,
        )
    return np.asarray(small, np.uint8)
