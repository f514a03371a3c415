"""The picture as it travels: decoded but unseen, then masked and seen.

A `Picture` is what a source hands over. Its pixels are reachable only through `masks.Mask.reveal`,
which blacks out the privacy masks and gives the `Frame` that everything else sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""H×W×3, blue-green-red, 0..255, C-contiguous and writable."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture whose pixels nobody has seen yet.

    Attributes:
        mono_s: `time.monotonic()` when it was captured (or handed over by the decoder).
        media_s: The source's own time since it was opened; never runs backwards, also across
            the loop of a file.
        decode: Converts to an `Image` of its own; called at most once, in the thread that looks.
    """

    mono_s: float
    media_s: float
    width: int
    height: int
    decode: Callable[[], Image]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, privacy masks applied.

    Attributes:
        image: H×W×3 BGR uint8. Read only by agreement: copy before drawing.
        mono_s, media_s: As in `Picture`. Everything that measures time uses `mono_s`.
    """

    image: Image
    mono_s: float
    media_s: float

    @property
    def width(self) -> int:
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        return int(self.image.shape[0])
