"""A recording that behaves like a camera: real time, and again from the start if asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vision.errors import SourceError, SourceFault
from vision.frames import Picture
from vision.gate.decoder import GatedDecoder
from vision.sources.decoding import (
    Converter,
    decoded,
    gated,
    luma_of,
    media_time,
    video_stream,
)
from vision.sources.faults import source_error
from vision.sources.pace import Pace, RealTime
from vision.sources.timeline import Timeline

_USUAL_INTERVAL_S = 1 / 25


class FileSource:
    """Plays a video file.

    Args:
        path: The file.
        loop: Start again at the end; times go on.
        pace: When pictures are handed over; real time if not given.
        gate: Decides what is decoded; everything if not given.
    """

    def __init__(
        self,
        path: Path,
        *,
        loop: bool = False,
        pace: Pace | None = None,
        gate: GatedDecoder | None = None,
    ) -> None:
        self._path = path
        self._loop = loop
        self._pace = pace or RealTime()
        self._gate = gate
        self._codec = ""
        self._convert = Converter()
        self._open_file = ExitStack()
        self._container: InputContainer | None = None
        self._interval_s = _USUAL_INTERVAL_S
        self._shown = False

    @property
    def codec(self) -> str:
        return self._codec

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open_file.close()

    def __iter__(self) -> Iterator[Picture]:
        start_s = 0.0
        while True:
            timeline = Timeline(start_s, self._interval_s)
            yield from self._once(timeline)
            if not self._loop:
                return
            start_s = timeline.end_s
            self._begin()

    def _begin(self) -> None:
        """Open the file anew: every format can do that, not every one can seek."""
        self._open_file.close()
        try:
            self._container = self._open_file.enter_context(av.open(str(self._path), timeout=10.0))
            stream = video_stream(self._container)
        except (OSError, ValueError, LookupError, av.FFmpegError) as error:
            raise source_error(error, str(self._path), opening=True) from error
        self._codec = stream.codec_context.name
        if stream.average_rate:
            self._interval_s = min(1.0, float(1 / stream.average_rate))

    def _once(self, timeline: Timeline) -> Iterator[Picture]:
        container = self._container
        if container is None:
            raise SourceError(SourceFault.OTHER, "the file is not open")
        try:
            for frame in self._frames(container, timeline):
                media_s = timeline.picture(media_time(frame))
                self._shown = True
                mono_s = self._pace.due(media_s)
                decode = partial(self._convert, frame)
                yield Picture(mono_s, media_s, frame.width, frame.height, decode, luma_of(frame))
        except (OSError, ValueError, LookupError, av.FFmpegError) as error:
            raise source_error(error, str(self._path), opening=False) from error
        if not self._shown:
            raise SourceError(SourceFault.NOT_A_VIDEO, "there is not one picture in it")

    def _frames(self, container: InputContainer, timeline: Timeline) -> Iterator[VideoFrame]:
        stream = container.streams.video[0]
        if self._gate is None:
            return decoded(container, stream)

        base = float(stream.time_base or 0)

        def arrive(packet: Packet[VideoStream]) -> float:
            shown, sent = packet.pts, packet.dts
            return self._pace.due(
                timeline.packet(
                    None if shown is None else shown * base, None if sent is None else sent * base
                )
            )

        return gated(container, stream, self._gate, arrive)
