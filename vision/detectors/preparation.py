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
    """The input tensor [1, 3, height, width] for an image.

    Args:
        image: H×W×3 BGR.
        how: What the network wants.
        size: (width, height) of the input.
        dtype: Type of the input tensor.
    """
    width, height = size
    placement = place(how.fit, (image.shape[1], image.shape[0]), size)
    inner = (
        max(1, min(width, round(image.shape[1] * placement.scale_x))),
        max(1, min(height, round(image.shape[0] * placement.scale_y))),
    )
    resized = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR)
    if inner == size:
        canvas = resized
    else:
        canvas = np.full((height, width, 3), _GREY, np.uint8)
        top, left = int(placement.offset_y), int(placement.offset_x)
        canvas[top : top + inner[1], left : left + inner[0]] = resized
    planes = cv2.split(canvas)
    if how.colour is Colour.RGB:
        planes = planes[::-1]
    tensor = np.empty((1, 3, height, width), dtype)
    for channel, plane in enumerate(planes):
        factor = 1 / (how.scale * how.deviation[channel])
        shift = how.mean[channel] / how.deviation[channel]
        plain = factor == 1.0 and shift == 0.0
        tensor[0, channel] = plane if plain else plane * np.float32(factor) - np.float32(shift)
    return tensor, placement
