"""From an open container to decoded pictures, one thread per stream."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter
from av.video.stream import VideoStream

from vision.errors import SourceError, SourceFault
from vision.frames import Image, Luma
from vision.gate.decoder import GatedDecoder

MAX_BAD_PACKETS = 500
"""A stream joined in the middle gives some; one that gives only these is not decodable."""

MAX_PIXELS = 64_000_000

av.logging.set_level(av.logging.PANIC)
log = logging.getLogger(__name__)


def video_stream(container: InputContainer) -> VideoStream:
    """The first stream with pictures, set to decode in one thread.

    Raises:
        SourceError: There is none, or no decoder for it.
    """
    if not container.streams.video:
        raise SourceError(SourceFault.NOT_A_VIDEO, "there is no video stream in it")
    stream = container.streams.video[0]
    # The library gives no context where it has no decoder, whatever its type hints say.
    if getattr(stream, "codec_context", None) is None:
        raise SourceError(SourceFault.CODEC_NOT_SUPPORTED, "there is no decoder for its video")
    stream.codec_context.thread_count = 1
    return stream


def decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The frames of a stream; damaged packets are stepped over.

    Raises:
        SourceError: Nothing in a long row of packets could be decoded.
        av.FFmpegError: Reading failed.
    """
    bad = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError as error:
            bad += 1
            if bad > MAX_BAD_PACKETS:
                raise SourceError(SourceFault.CODEC_NOT_SUPPORTED, str(error)) from error
            continue
        for frame in frames:
            bad = 0
            if isinstance(frame, VideoFrame):
                yield _checked(frame)


def gated(
    container: InputContainer,
    stream: VideoStream,
    gate: GatedDecoder,
    arrive: Callable[[Packet[VideoStream]], float],
) -> Iterator[VideoFrame]:
    """The frames of a stream that its gate finds worth decoding.

    Args:
        container: Just opened.
        stream: One of it.
        gate: Of the camera.
        arrive: Told of each packet; gives the monotonic seconds at which it counts.

    Raises:
        SourceError: Nothing in a long row of packets could be decoded.
        av.FFmpegError: Reading failed.
    """
    gate.opened(stream)
    for packet in container.demux(stream):
        # The library ends a stream with an empty packet.
        frames = gate.take(packet, arrive(packet)) if packet.size else gate.finish()
        if gate.bad > MAX_BAD_PACKETS:
            raise SourceError(SourceFault.CODEC_NOT_SUPPORTED, "none of its packets makes sense")
        for frame in frames:
            yield _checked(frame)


def _checked(frame: VideoFrame) -> VideoFrame:
    if frame.width * frame.height > MAX_PIXELS:
        raise SourceError(
            SourceFault.CODEC_NOT_SUPPORTED,
            f"its pictures are too large ({frame.width}x{frame.height})",
        )
    return frame


class Converter:
    """From decoded frames to images; one for each stream, used by one thread at a time.

    Keeping the scaler between frames makes it ten times as fast as a fresh one each.
    """

    def __init__(self) -> None:
        self._scaler = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Image:
        """H×W×3 BGR, a copy of its own."""
        # One thread: waking others up costs more than a picture of this size.
        shown = self._scaler.reformat(frame, format="bgr24", threads=1)
        return np.ascontiguousarray(shown.to_ndarray())


PLANAR = frozenset(
    f"yuv{range_}{layout}p" for range_ in ("", "j") for layout in ("420", "422", "444", "440")
) | {"nv12", "nv21", "gray"}
"""Pixel formats whose first plane is brightness, a byte each."""


def luma_of(frame: VideoFrame) -> Callable[[], Luma] | None:
    """Gives the frame's brightness without a copy; None where it is not a plane of bytes."""
    if frame.format.name not in PLANAR:
        return None
    wide = frame.format.name == "gray" or "j" in frame.format.name
    full = wide or frame.color_range == ColorRange.JPEG

    def luma() -> Luma:
        plane = frame.planes[0]
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return Luma(lines[: frame.height, : frame.width], full)

    return luma


def media_time(frame: VideoFrame) -> float | None:
    """Seconds on the stream's own clock, where it has one."""
    return None if frame.pts is None or frame.time_base is None else frame.time
