"""Streams as cameras send them, made from a clip: calm and busy, small and large, both codings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from vision.frames import Image

FPS = 25
KEY_EVERY_S = 2
SECONDS = {"360p": 34, "1080p": 22}
"""They play without beginning again: an encoder that starts anew looks like motion."""

GRAIN = 4.0
"""Standard deviation of the noise a camera adds, which no rendered clip has."""

SIZES = {"360p": (640, 360), "1080p": (1920, 1080)}
CODINGS = {
    "h264": ("libx264", {"preset": "veryfast", "crf": "23", "bf": "0", "sc_threshold": "0"}),
    "h265": ("libx265", {"preset": "ultrafast", "crf": "26"}),
}
_H265 = f"keyint={FPS * KEY_EVERY_S}:min-keyint={FPS * KEY_EVERY_S}:scenecut=0:bframes=0"


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of stream.

    Attributes:
        size: A key of `SIZES`.
        coding: A key of `CODINGS`.
        busy: Things move in it all the time; else nothing does.
    """

    size: str
    coding: str
    busy: bool

    @property
    def name(self) -> str:
        return f"{self.size}-{self.coding}-{'busy' if self.busy else 'calm'}"


def make(kind: Kind, clip: Path, folder: Path) -> Path:
    """Write the stream as a file: a key frame every two seconds, no B-frames, as cameras do."""
    path = folder / f"{kind.name}.mp4"
    encoder, options = CODINGS[kind.coding]
    with av.open(str(path), "w") as container:
        stream = cast("VideoStream", container.add_stream(encoder, rate=FPS))
        stream.width, stream.height = SIZES[kind.size]
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, FPS)
        extra = {"x265-params": f"log-level=none:{_H265}"}
        stream.options = {**options, **(extra if kind.coding == "h265" else {})}
        stream.codec_context.gop_size = FPS * KEY_EVERY_S
        for number, image in enumerate(_images(kind, clip)):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _images(kind: Kind, clip: Path) -> Iterator[Image]:
    rng = np.random.default_rng(1)
    width, height = SIZES[kind.size]
    grains = [
        np.repeat(rng.normal(0, GRAIN, (height, width, 1)).astype(np.int8), 3, axis=2)
        for _ in range(5)
    ]
    count = FPS * SECONDS[kind.size]
    shown: Iterator[Image] = _shown(clip)
    if not kind.busy:
        shown = cycle([next(shown)])
    for image, grain in zip(islice(shown, count), cycle(grains), strict=False):
        large = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        yield np.asarray(cv2.add(large, grain, dtype=cv2.CV_8U), np.uint8)


def _shown(clip: Path) -> Iterator[Image]:
    """The clip's pictures at `FPS`, again from the start for ever."""
    while True:
        due_s = 0.0
        with av.open(str(clip)) as container:
            for frame in container.decode(video=0):
                at_s = float(frame.time or 0.0)
                while due_s <= at_s:
                    due_s += 1 / FPS
                    yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
