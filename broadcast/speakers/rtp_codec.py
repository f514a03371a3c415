"""Sound becomes RTP payloads of 20 ms each, in the codecs that network horns understand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np

from broadcast.clip import SAMPLE_BYTES
from broadcast.errors import SpeakerError

FRAMES_A_SECOND = 50
FRAME_S = 1 / FRAMES_A_SECOND
LARGEST_PAYLOAD = 1440
"""What fits into one Ethernet packet beside the headers of IPv6, UDP and RTP."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How a codec is spoken over RTP (RFC 3551; Opus: RFC 7587).

    Attributes:
        encoder: FFmpeg's name of the encoder.
        payload_type: 96 and above are agreed with the horn.
        rate_hz: Rate of the samples that are encoded.
        clock_hz: Rate at which timestamps run; for G.722 not that of the samples.
    """

    encoder: str
    payload_type: int
    rate_hz: int
    clock_hz: int


CODECS = {
    "pcma": Codec("pcm_alaw", 8, 8000, 8000),
    "pcmu": Codec("pcm_mulaw", 0, 8000, 8000),
    "g722": Codec("g722", 9, 16_000, 8000),
    "l16": Codec("pcm_s16be", 11, 44_100, 44_100),
    "opus": Codec("libopus", 97, 48_000, 48_000),
}


@dataclass(frozen=True, slots=True)
class Payload:
    """The body of one packet.

    Attributes:
        ticks: By how much the timestamp of the next packet is larger.
        seconds: How much time passes until the next packet.
    """

    content: bytes
    ticks: int
    seconds: float


class PayloadMaker:
    """Encodes one announcement of 16-bit samples, piece by piece; the last frame ends in silence.

    Raises:
        SpeakerError: This machine's FFmpeg lacks the encoder.
    """

    def __init__(self, codec: Codec, source_rate_hz: int) -> None:
        self._codec = codec
        self._source_rate_hz = source_rate_hz
        self._frame_samples = codec.rate_hz // FRAMES_A_SECOND
        self._pending = np.zeros(0, dtype=np.int16)
        self._odd = b""
        self._given = 0
        self._encoded = 0
        try:
            encoder: Any = av.CodecContext.create(codec.encoder, "w")
            encoder.sample_rate = codec.rate_hz
            encoder.layout, encoder.format = "mono", "s16"
            encoder.time_base = Fraction(1, codec.rate_hz)
            encoder.open()
            self._encoder = encoder
            self._resampler = av.AudioResampler("s16", "mono", codec.rate_hz)
        except (av.error.FFmpegError, ValueError) as error:
            raise SpeakerError(
                f"Sound cannot be encoded with {codec.encoder}: {error}. Choose another codec."
            ) from error

    def feed(self, block: bytes) -> Iterator[Payload]:
        """Payloads that are complete now."""
        block = self._odd + block
        whole = len(block) // SAMPLE_BYTES * SAMPLE_BYTES
        self._odd = block[whole:]
        samples = np.frombuffer(block[:whole], dtype="<i2").astype(np.int16)
        if len(samples):
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "mono")
            frame.sample_rate, frame.pts = self._source_rate_hz, self._given
            frame.time_base = Fraction(1, self._source_rate_hz)
            self._given += len(samples)
            self._take(frame)
        yield from self._complete()

    def finish(self) -> Iterator[Payload]:
        """The rest."""
        self._take(None)
        missing = -len(self._pending) % self._frame_samples
        self._pending = np.concatenate([self._pending, np.zeros(missing, dtype=np.int16)])
        yield from self._complete()
        for packet in self._encoder.encode(None):
            yield from self._payloads(bytes(packet))

    def _take(self, frame: av.AudioFrame | None) -> None:
        resampled = [piece.to_ndarray().reshape(-1) for piece in self._resampler.resample(frame)]
        self._pending = np.concatenate([self._pending, *resampled]).astype(np.int16)

    def _complete(self) -> Iterator[Payload]:
        size = self._frame_samples
        while len(self._pending) >= size:
            samples, self._pending = self._pending[:size], self._pending[size:]
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "mono")
            frame.sample_rate, frame.pts = self._codec.rate_hz, self._encoded
            frame.time_base = Fraction(1, self._codec.rate_hz)
            self._encoded += size
            for packet in self._encoder.encode(frame):
                yield from self._payloads(bytes(packet))

    def _payloads(self, content: bytes) -> Iterator[Payload]:
        """One payload; L16 of high rates does not fit into one packet and is shared out."""
        ticks = self._codec.clock_hz // FRAMES_A_SECOND
        parts = -(-len(content) // LARGEST_PAYLOAD)
        size = -(-len(content) // (parts * SAMPLE_BYTES)) * SAMPLE_BYTES
        for at in range(0, len(content), size):
            part = content[at : at + size]
            share = len(part) / len(content)
            yield Payload(part, round(ticks * share), FRAME_S * share)
