"""A clip is sound in memory: one channel of 16-bit samples and their rate."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadcast.errors import ClipError

SAMPLE_BYTES = 2
FULL_SCALE = 32768.0
LOWEST_RATE_HZ = 8000
HIGHEST_RATE_HZ = 192_000

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Sound in memory.

    Attributes:
        samples: Shape (n,), int16, one channel; treat it as read-only.
        rate_hz: Samples a second.
    """

    samples: Samples
    rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.int16:
            raise ClipError("A clip is one channel of 16-bit samples, and this one is not.")
        if not LOWEST_RATE_HZ <= self.rate_hz <= HIGHEST_RATE_HZ:
            raise ClipError(f"A clip of {self.rate_hz} samples a second cannot be played.")

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate_hz

    @property
    def peak(self) -> float:
        """The largest sample as a fraction of full scale, 0..1."""
        return float(np.abs(self.samples.astype(np.int32)).max(initial=0)) / FULL_SCALE

    def softer(self, volume: float) -> Clip:
        """The same sound with each sample at this fraction, 0..1."""
        if volume >= 1:
            return self
        return Clip((self.samples * max(0.0, volume)).round().astype(np.int16), self.rate_hz)

    def pcm(self) -> bytes:
        """The samples as little-endian bytes."""
        return self.samples.astype("<i2").tobytes()


def clip_from_pcm(pcm: bytes, rate_hz: int) -> Clip:
    """A clip of little-endian 16-bit samples.

    Raises:
        ClipError: The bytes are not whole samples, or the rate cannot be played.
    """
    if len(pcm) % SAMPLE_BYTES:
        raise ClipError("The sound ends in the middle of a sample.")
    return Clip(np.frombuffer(pcm, dtype="<i2").astype(np.int16), rate_hz)


def silence(seconds: float, rate_hz: int) -> Clip:
    """Quiet of the given length."""
    return Clip(np.zeros(round(seconds * rate_hz), dtype=np.int16), rate_hz)


def wav_from_clip(clip: Clip) -> bytes:
    """The clip as the bytes of a WAV file."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(clip.rate_hz)
        file.writeframes(clip.pcm())
    return target.getvalue()


def clip_from_wav(content: bytes) -> Clip:
    """The clip in the bytes of a WAV file.

    Raises:
        ClipError: It is not a WAV file of one channel of 16-bit samples.
    """
    try:
        with wave.open(io.BytesIO(content), "rb") as file:
            if file.getnchannels() != 1 or file.getsampwidth() != SAMPLE_BYTES:
                raise ClipError("The sound file is not one channel of 16-bit samples.")
            return clip_from_pcm(file.readframes(file.getnframes()), file.getframerate())
    except (wave.Error, EOFError) as error:
        raise ClipError(f"This is not a sound file that can be played: {error}.") from error
