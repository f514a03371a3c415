"""Small video files made on the spot."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from vision.frames import Image
from vision.sources.synthetic import drawn


def write_video(path: Path, images: Iterable[Image], fps: int = 10) -> Path:
    """An H.264 file of the images."""
    pictures = list(images)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height = pictures[0].shape[1], pictures[0].shape[0]
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
        for number, image in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def walking(count: int, width: int = 320, height: int = 180) -> list[Image]:
    """A rectangle that walks to the right."""
    step = 0.6 / max(count, 1)
    return [drawn((0.1 + step * i, 0.3, 0.25 + step * i, 0.8), width, height) for i in range(count)]
