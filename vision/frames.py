"""The picture as it travels: decoded but unseen, then masked and seen.

A `Picture` is what a source hands over. Its pixels are reachable only through `masks.Mask.reveal`,
which blacks out the privacy masks and gives the `Frame` that everything else sees. Colours are
converted when somebody asks for them: most looks need nothing but a small grey picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""H×W×3, blue-green-red, 0..255, C-contiguous and writable."""

Grey: TypeAlias = NDArray[np.uint8]
"""H×W, brightness 0..255."""


@dataclass(frozen=True, slots=True)
class Luma:
    """The brightness that came out of the decoder, as it lies in memory there.

    Attributes:
        plane: H×W uint8, a view: the decoder predicts from it, so nobody may write to it.
        full: 0..255; otherwise 16..235 as in television.
    """

    plane: Grey
    full: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture whose pixels nobody has seen yet.

    Attributes:
        mono_s: `time.monotonic()` when it was captured (or handed over by the decoder).
        media_s: The source's own time since it was opened; never runs backwards, also across
            the loop of a file.
        decode: Converts to an `Image` of its own; called at most once, in the thread that looks.
        luma: Its brightness without a conversion; None where the coding has none as a plane.
    """

    mono_s: float
    media_s: float
    width: int
    height: int
    decode: Callable[[], Image]
    luma: Callable[[], Luma] | None = None


class Pixels(Protocol):
    """Where a frame's pixels come from; both give them masked."""

    def image(self) -> Image:
        """All of it, in colour, of its own."""
        ...

    def grey(self, width: int, height: int) -> Grey | None:
        """Its brightness at that size; None where only `image` can tell."""
        ...


class Frame:
    """One picture, privacy masks applied.

    Args:
        image: H×W×3 BGR uint8. Read only by agreement: copy before drawing.
        mono_s, media_s: As in `Picture`. Everything that measures time uses `mono_s`.
    """

    __slots__ = ("_greys", "_image", "_pixels", "height", "media_s", "mono_s", "width")

    def __init__(self, image: Image, mono_s: float, media_s: float) -> None:
        self.height, self.width = int(image.shape[0]), int(image.shape[1])
        self.mono_s, self.media_s = mono_s, media_s
        self._image: Image | None = image
        self._pixels: Pixels | None = None
        self._greys: dict[tuple[int, int], Grey] = {}

    @classmethod
    def of(cls, picture: Picture, pixels: Pixels) -> Frame:
        """The frame of a picture, its colours converted when first asked for."""
        frame = cls.__new__(cls)
        frame.width, frame.height = picture.width, picture.height
        frame.mono_s, frame.media_s = picture.mono_s, picture.media_s
        frame._image, frame._pixels, frame._greys = None, pixels, {}  # noqa: SLF001 - its own
        return frame

    @property
    def image(self) -> Image:
        """H×W×3 BGR, C-contiguous."""
        if self._image is None:
            assert self._pixels is not None  # noqa: S101 - one of both is there
            self._image = self._pixels.image()
        return self._image

    def grey(self, width: int, height: int) -> Grey:
        """Its brightness at another size, averaged; converts no colours if it need not.

        Several ask for the same: read only by agreement.
        """
        found = self._greys.get((width, height))
        if found is None and self._pixels is not None:
            found = self._pixels.grey(width, height)
        if found is None:
            small = shrunk(self.image, width, height)
            found = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        self._greys[width, height] = found
        return found


def shrunk(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Averaged to another size: by halves as far as that goes, which is several times as fast."""
    while (half := halved(pixels, width, height)) is not None:
        pixels = half
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def halved(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8] | None:
    """At half its size, if that is not yet smaller than wanted."""
    lines, columns = pixels.shape[:2]
    if columns < 2 * width or lines < 2 * height or columns % 2 or lines % 2:
        return None
    size = (columns // 2, lines // 2)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
