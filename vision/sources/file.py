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
from av.video.stream import VideoStream

from vision.errors import SourceError, SourceFault
from vision.frames import Picture
from vision.sources.decoding import Converter, decoded, luma_of, media_time, video_stream
from vision.sources.faults import source_error
from vision.sources.pace import Pace, RealTime

LONGEST_GAP_S = 5.0
"""A jump of the recording's clock beyond this, or backwards, is a cut and not a pause."""

_USUAL_INTERVAL_S = 1 / 25


class FileSource:
    """Plays a video file.

    Args:
        path: The file.
        loop: Start again at the end; times go on.
        pace: When pictures are handed over; real time if not given.
    """

    def __init__(self, path: Path, *, loop: bool = False, pace: Pace | None = None) -> None:
        self._path = path
        self._loop = loop
        self._pace = pace or RealTime()
        self._codec = ""
        self._convert = Converter()
        self._open_file = ExitStack()
        self._container: InputContainer | None = None
        self._interval_s = _USUAL_INTERVAL_S

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
        media_s = 0.0
        while True:
            end_s = media_s
            for picture in self._once(media_s):
                end_s = picture.media_s
                yield picture
            if not self._loop:
                return
            media_s = end_s + self._interval_s
            self._begin()

    def _begin(self) -> None:
        """Open the file anew: every format can do that, not every one can seek."""
        self._open_file.close()
        try:
            self._container = self._open_file.enter_context(av.open(str(self._path), timeout=10.0))
            stream = video_stream(self._container)
        except (OSError, ValueError, av.FFmpegError) as error:
            raise source_error(error, str(self._path), opening=True) from error
        self._codec = stream.codec_context.name
        if stream.average_rate:
            self._interval_s = min(1.0, float(1 / stream.average_rate))

    def _once(self, start_s: float) -> Iterator[Picture]:
        container = self._container
        if container is None:
            raise SourceError(SourceFault.OTHER, "the file is not open")
        seen = False
        media_s, last = start_s, None
        try:
            for frame in decoded(container, self._stream(container)):
                at = media_time(frame)
                if seen:
                    media_s += self._step(last, at)
                last, seen = at, True
                mono_s = self._pace.due(media_s)
                decode = partial(self._convert, frame)
                yield Picture(mono_s, media_s, frame.width, frame.height, decode, luma_of(frame))
        except (OSError, ValueError, av.FFmpegError) as error:
            raise source_error(error, str(self._path), opening=False) from error
        if not seen:
            raise SourceError(SourceFault.NOT_A_VIDEO, "there is not one picture in it")

    @staticmethod
    def _stream(container: InputContainer) -> VideoStream:
        return container.streams.video[0]

    def _step(self, last: float | None, at: float | None) -> float:
        if last is None or at is None or not 0 < at - last <= LONGEST_GAP_S:
            return self._interval_s
        return at - last
