"""From a frame to the tensor a network wants, and back from its coordinates to the frame's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.boxes import Boxes
from vision.frames import Image

_GREY = 114


class Fit(StrEnum):
    """How a picture of another shape is put into the input."""

    TOP_LEFT = "letterbox-top-left"
    CENTRE = "letterbox-centre"
    STRETCH = "stretch"


class Colour(StrEnum):
    """Order of the channels."""

    BGR = "bgr"
    RGB = "rgb"


Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a family of networks was trained on.

    A channel becomes `(value / scale - mean) / deviation`, in the order of `colour`.
    """

    fit: Fit
    colour: Colour
    scale: float = 1.0
    mean: Triple = (0.0, 0.0, 0.0)
    deviation: Triple = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the frame lies in the input: input = frame * scale + offset, for x and y."""

    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float
    frame_width: int
    frame_height: int

    def to_frame(self, boxes: Boxes) -> Boxes:
        """Boxes of the input as boxes of the frame, cut at its edges. N×4, pixels."""
        offset = np.array([self.offset_x, self.offset_y] * 2, np.float32)
        scale = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        edge = np.array([self.frame_width, self.frame_height] * 2, np.float32)
        return np.asarray(np.clip((boxes - offset) / scale, 0, edge), np.float32)


def place(fit: Fit, frame: tuple[int, int], into: tuple[int, int]) -> Placement:
    """How a frame is laid into an input; both sizes are (width, height)."""
    (frame_width, frame_height), (width, height) = frame, into
    if fit is Fit.STRETCH:
        return Placement(
            width / frame_width, height / frame_height, 0, 0, frame_width, frame_height
        )
    scale = min(width / frame_width, height / frame_height)
    spare_x = width - round(frame_width * scale)
    spare_y = height - round(frame_height * scale)
    share = 0.5 if fit is Fit.CENTRE else 0.0
    offset_x, offset_y = int(spare_x * share), int(spare_y * share)
    return Placement(scale, scale, offset_x, offset_y, frame_width, frame_height)


def prepare(
    image: Image, how: Preparation, size: tuple[int, int], dtype: type[np.generic]
) -> tuple[NDArray[np.generic], Placement]:
    """The input tensor [1, 3, height, width] for an image: `Preparer` for a single one."""
    return Preparer(how, size, dtype)(image)


class Preparer:
    """Fills the same tensor again and again: fresh memory costs more than the work itself.

    Args:
        how: What the network wants.
        size: (width, height) of the input.
        dtype: Type of the input tensor.
    """

    def __init__(self, how: Preparation, size: tuple[int, int], dtype: type[np.generic]) -> None:
        self._how, self._size = how, size
        self._tensor = np.empty((1, 3, size[1], size[0]), dtype)
        self._placement: Placement | None = None
        self._resized: Image = np.empty((0, 0, 3), np.uint8)
        self._planes: list[NDArray[np.uint8]] = []
        factors = [1 / (how.scale * deviation) for deviation in how.deviation]
        shifts = [mean / dev for mean, dev in zip(how.mean, how.deviation, strict=True)]
        self._terms = [
            (np.float32(factor), np.float32(shift))
            for factor, shift in zip(factors, shifts, strict=True)
        ]

    def __call__(self, image: Image) -> tuple[NDArray[np.generic], Placement]:
        """The input tensor [1, 3, height, width] for an image, H×W×3 BGR; good until the next."""
        placement = place(self._how.fit, (image.shape[1], image.shape[0]), self._size)
        if placement != self._placement:
            self._lay_out(placement)
        height, width = self._resized.shape[:2]
        cv2.resize(image, (width, height), dst=self._resized, interpolation=cv2.INTER_LINEAR)
        cv2.split(self._resized, self._planes)
        planes = self._planes[::-1] if self._how.colour is Colour.RGB else self._planes
        top, left = int(placement.offset_y), int(placement.offset_x)
        for channel, plane in enumerate(planes):
            into = self._tensor[0, channel, top : top + height, left : left + width]
            self._scale(plane, into, channel)
        return self._tensor, placement

    def _lay_out(self, placement: Placement) -> None:
        """For frames of another size: the grey around them stays from look to look."""
        (width, height), self._placement = self._size, placement
        columns = max(1, min(width, round(placement.frame_width * placement.scale_x)))
        lines = max(1, min(height, round(placement.frame_height * placement.scale_y)))
        self._resized = np.empty((lines, columns, 3), np.uint8)
        self._planes = [np.empty((lines, columns), np.uint8) for _ in range(3)]
        grey = np.full((1, 1), _GREY, np.uint8)
        for channel in range(3):
            self._scale(grey, self._tensor[0, channel], channel)

    def _scale(self, plane: NDArray[np.uint8], into: NDArray[np.generic], channel: int) -> None:
        factor, shift = self._terms[channel]
        if factor == 1.0 and shift == 0.0:
            into[...] = plane
        elif into.dtype == np.float32:
            np.multiply(plane, factor, out=into)
            if shift:
                np.subtract(into, shift, out=into)
        else:
            into[...] = plane * factor - shift
