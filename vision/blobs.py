"""From the pixels that moved to boxes, one for each thing as far as its outline tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.boxes import Box

NEAR = 0.06
"""Of its sides: pieces so near to each other touch."""

FRAGMENT, GROWN = 0.3, 1.4
"""What touches is one thing if one is so small beside the other and adds little around it, …"""

SHARED, STACKED = 0.3, 0.6
"""… if they have so much of the smaller in common, or if they stand on one another like head and
legs; else they are two, side by side."""

VALLEY = 0.6
"""Two side by side are parted where a blob is at most so high, beside both of its hills."""

LEAST_PIXELS = 150
"""A smaller blob is not worth parting."""

THREAD = 0.15
"""What sticks out and is thinner than this share of the blob's greatest width is no part of it."""

MARGIN = 0.2
"""Share of its width on each side in which it is not parted: there are arms and mirrors."""


def blobs(moving: NDArray[np.uint8], least: int) -> Iterator[Box]:
    """Boxes (pixels of the mask) around what hangs together, parted where two touch.

    Args:
        moving: H×W, 1 where something moved.
        least: Pixels; less is noise.
    """
    count, numbers, rows, _ = cv2.connectedComponentsWithStats(moving, connectivity=8)
    for number, (left, top, width, height, area) in enumerate(rows[1:count].tolist(), 1):
        if area < least:
            continue
        if area < LEAST_PIXELS:
            yield left, top, left + width, top + height
            continue
        own = numbers[top : top + height, left : left + width] == number
        cut = _valley(own)
        for part, start in ((own[:, :cut], 0), (own[:, cut:], cut)) if cut else ((own, 0),):
            yield _around(part, left + start, top)


def _valley(own: NDArray[np.bool_]) -> int | None:
    """The column at which to part a blob; None: it is one thing."""
    heights = own.sum(axis=0)
    width = len(heights)
    first, last = int(MARGIN * width), int((1 - MARGIN) * width)
    if last - first < 3:
        return None
    cut = first + int(heights[first:last].argmin())
    hills = min(int(heights[:cut].max(initial=0)), int(heights[cut:].max(initial=0)))
    return cut if heights[cut] <= VALLEY * hills else None


def _around(part: NDArray[np.bool_], left: int, top: int) -> Box:
    """The box of a piece without the threads that hang on it: the edge of a post behind it."""
    start, end = _stout(part.sum(axis=0))
    first, last = _stout(part.sum(axis=1))
    return float(left + start), float(top + first), float(left + end), float(top + last)


def _stout(across: NDArray[np.int_]) -> tuple[int, int]:
    stout = np.flatnonzero(across >= THREAD * across.max())
    return int(stout[0]), int(stout[-1]) + 1


def parted(regions: Sequence[Box], known: Sequence[Box]) -> list[Box]:
    """Regions in which two known objects meet, cut half-way between the two largest of them.

    Args:
        regions: What moved.
        known: Where objects that are followed should be now.
    """
    found: list[Box] = []
    for region in regions:
        inside = sorted((box for box in known if _holds(region, box)), key=_size)[-2:]
        found += [region] if len(inside) < 2 else _halves(region, *inside)
    return found


def _holds(region: Box, box: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return region[0] <= x <= region[2] and region[1] <= y <= region[3]


def _halves(region: Box, a: Box, b: Box) -> list[Box]:
    left, top, right, bottom = region
    between_x, between_y = (sum(a[::2]) + sum(b[::2])) / 4, (sum(a[1::2]) + sum(b[1::2])) / 4
    if abs(sum(a[::2]) - sum(b[::2])) >= abs(sum(a[1::2]) - sum(b[1::2])):
        return [(left, top, between_x, bottom), (between_x, top, right, bottom)]
    return [(left, top, right, between_y), (left, between_y, right, bottom)]


def merged(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that belong together become one; largest first."""
    rest = sorted(boxes, key=_size, reverse=True)
    done: list[Box] = []
    while rest:
        whole = rest.pop(0)
        while touching := [box for box in rest if _belong(whole, box)]:
            rest = [box for box in rest if not _belong(whole, box)]
            columns = (whole, *touching)
            whole = (
                min(box[0] for box in columns),
                min(box[1] for box in columns),
                max(box[2] for box in columns),
                max(box[3] for box in columns),
            )
        done.append(whole)
    # A box that grew late may reach one that was finished before it.
    return sorted(done, key=_size, reverse=True) if len(done) == len(boxes) else merged(done)


def _belong(a: Box, b: Box) -> bool:
    """Whether two pieces are of one thing."""
    near_x = NEAR * (a[2] - a[0] + b[2] - b[0])
    near_y = NEAR * (a[3] - a[1] + b[3] - b[1])
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    if across <= -near_x or down <= -near_y:
        return False
    smaller, larger = sorted((_size(a), _size(b)))
    around = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    if smaller <= FRAGMENT * larger and around <= GROWN * larger:
        return True
    if max(across, 0.0) * max(down, 0.0) >= SHARED * smaller:
        return True
    upright = max(a[3], b[3]) - min(a[1], b[1]) > max(a[2], b[2]) - min(a[0], b[0])
    alike = smaller > FRAGMENT * larger
    return upright and alike and across >= STACKED * min(a[2] - a[0], b[2] - b[0])


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
