"""A camera over RTSP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Self

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

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
from vision.sources.faults import source_error, without_secrets

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 8.0
"""With the watchdog's reserve, a stall is noticed within 10 s."""


class RtspSource:
    """One RTSP session.

    Args:
        url: `rtsp://user:password@host:port/path`; the password never leaves this object.
        transport: `tcp` (through firewalls, nothing lost) or `udp`.
        clock: Monotonic seconds.
        gate: Decides what is decoded; everything if not given.
    """

    def __init__(
        self,
        url: str,
        *,
        transport: str = "tcp",
        clock: Callable[[], float] = time.monotonic,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        gate: GatedDecoder | None = None,
    ) -> None:
        self._url = url
        self._transport = transport
        self._clock = clock
        self._timeouts_s = (open_timeout_s, read_timeout_s)
        self._gate = gate
        self._heard_s = 0.0
        self._codec = ""
        self._convert = Converter()
        self._session = ExitStack()
        self._container: InputContainer | None = None

    def __repr__(self) -> str:
        return f"RtspSource({without_secrets(self._url, self._url)!r})"

    @property
    def codec(self) -> str:
        return self._codec

    def __enter__(self) -> Self:
        options = {
            "rtsp_transport": self._transport,
            # Nobody listens here, and an announced but silent microphone delays the opening.
            "allowed_media_types": "video",
            # In microseconds: the library's own socket time-out, beside PyAV's interrupt.
            "timeout": str(int(self._timeouts_s[0] * 1e6)),
            "fflags": "nobuffer",
            # The frame rate needs no measuring; without these every opening takes 2 s longer.
            "analyzeduration": "2000000",
            "fpsprobesize": "1",
        }
        begun_s = self._clock()
        try:
            container = av.open(self._url, options=options, timeout=self._timeouts_s)
            self._container = self._session.enter_context(container)
            stream = video_stream(container)
        except (OSError, ValueError, LookupError, av.FFmpegError) as error:
            self._session.close()
            if self._clock() - begun_s >= self._timeouts_s[0]:
                # Interrupted in the handshake, the library calls the missing answer bad data.
                raise SourceError(SourceFault.NO_ROUTE, "the camera does not answer") from None
            raise source_error(error, self._url, opening=True) from None
        except SourceError:
            self._session.close()
            raise
        self._codec = stream.codec_context.name
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def __iter__(self) -> Iterator[Picture]:
        container = self._container
        if container is None:
            raise SourceError(SourceFault.OTHER, "the camera is not open")
        begin_s = self._heard_s = self._clock()
        first: float | None = None
        media_s = 0.0
        try:
            for frame in self._frames(container):
                now = self._clock() if self._gate is not None else self._arrive()
                at = media_time(frame)
                if first is None:
                    first, begin_s = at, now
                since_s = now - begin_s if at is None or first is None else at - first
                media_s = max(media_s, since_s)
                decode = partial(self._convert, frame)
                yield Picture(now, media_s, frame.width, frame.height, decode, luma_of(frame))
                self._heard_s = self._clock()
        except (OSError, ValueError, LookupError, av.FFmpegError) as error:
            raise source_error(error, self._url, opening=False) from None
        raise SourceError(SourceFault.ENDED, "the camera ended the session")

    def _frames(self, container: InputContainer) -> Iterator[VideoFrame]:
        stream = container.streams.video[0]
        if self._gate is None:
            return decoded(container, stream)
        return gated(container, stream, self._gate, lambda _: self._arrive())

    def _arrive(self) -> float:
        """Something came; the time at which it counts."""
        now = self._clock()
        if now - self._heard_s >= self._timeouts_s[1]:
            # Interrupted, the library gives its last picture before it says so.
            raise SourceError(SourceFault.STALLED, f"silent for {now - self._heard_s:.0f} s")
        self._heard_s = now
        return now
