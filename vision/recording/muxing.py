"""From packets to an MP4 file: copied as they are, or drawn anew with the masks blacked out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from vision.frames import Image, Picture
from vision.masks import Mask
from vision.recording.recorder import StreamShape
from vision.recording.ring import Kept
from vision.recording.times import TICKS_PER_S, rebased
from vision.sources.decoding import Converter

WIDEST = 640
PER_S = 4
"""Of a masked clip: enough to judge what happened, little enough for the box to draw."""

_BASE = Fraction(1, TICKS_PER_S)
_OPTIONS = {"movflags": "+faststart"}


def copy_packets(shape: StreamShape, packets: Sequence[Kept], path: Path) -> None:
    """Write the packets into a file without decoding them; the first is a key frame.

    Raises:
        av.FFmpegError: They make no sense to the library.
        OSError: The file cannot be written.
    """
    with av.open(str(path), "w", format="mp4", options=_OPTIONS) as container:
        stream = container.add_stream_from_template(shape.template, opaque=True)
        if shape.codec == "hevc":
            # Under the other name, hev1, Apple's players refuse it.
            stream.codec_context.codec_tag = "hvc1"
        stream.time_base = _BASE
        for dts, pts, kept in rebased(packets):
            packet = Packet(kept.data)
            packet.stream = stream
            packet.time_base, packet.dts, packet.pts = _BASE, dts, pts
            packet.is_keyframe = kept.key
            container.mux(packet)


def redraw_masked(shape: StreamShape, packets: Sequence[Kept], mask: Mask, path: Path) -> None:
    """Write a smaller file of masked pictures, a few for each second.

    Every picture goes through the same mask as in detection before it is made smaller and coded;
    none of the camera's packets is written.

    Raises:
        av.FFmpegError: The packets cannot be decoded.
        ValueError: They hold not one picture.
        OSError: The file cannot be written.
    """
    images = masked_images(shape, packets, mask)
    first = next(images, None)
    if first is None:
        raise ValueError("the packets hold no picture")
    with av.open(str(path), "w", format="mp4", options=_OPTIONS) as container:
        height, width = first[1].shape[:2]
        stream = container.add_stream("libx264", rate=PER_S)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = _BASE
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "ultrafast", "crf": "28", "tune": "zerolatency"}
        for ticks, image in (first, *images):
            frame = VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = ticks, _BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def masked_images(
    shape: StreamShape, packets: Sequence[Kept], mask: Mask
) -> Iterator[tuple[int, Image]]:
    """Time in ticks and masked picture, at most `PER_S` a second and `WIDEST` wide."""
    context = cast("VideoCodecContext", av.CodecContext.create(shape.codec, "r"))
    context.extradata = shape.extradata or None
    context.thread_count = 1
    convert = Converter()
    size: tuple[int, int] | None = None
    due = 0
    for frame in _frames(context, packets):
        ticks = frame.pts or 0
        if ticks < due:
            continue
        due = ticks + TICKS_PER_S // PER_S
        picture = Picture(0.0, 0.0, frame.width, frame.height, partial(convert, frame), None)
        image = mask.reveal(picture).image
        if size is None:
            scale = min(1.0, WIDEST / frame.width)
            # The coding wants even numbers.
            size = (_even(frame.width * scale), _even(frame.height * scale))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        yield ticks, np.ascontiguousarray(small, np.uint8)


def _frames(context: VideoCodecContext, packets: Sequence[Kept]) -> Iterator[VideoFrame]:
    """Decoded pictures; damaged packets are stepped over."""
    for dts, pts, kept in rebased(packets):
        packet = Packet(kept.data)
        packet.time_base, packet.dts, packet.pts = _BASE, dts, pts
        try:
            yield from context.decode(packet)
        except av.InvalidDataError:
            continue
    yield from context.decode(None)


def _even(value: float) -> int:
    return max(2, round(value / 2) * 2)
