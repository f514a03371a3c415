"""Put an announcement together: lead-in, chime, words as often as asked, tail."""

from __future__ import annotations

import warnings

from broadcast.clip import SAMPLE_BYTES, Clip, clip_from_pcm
from broadcast.errors import ClipError

with warnings.catch_warnings():
    # pydub names a module that leaves Python's own library in 3.13 (audioop-lts replaces it
    # there), and looks for a program that we do not use: sound files are decoded by PyAV.
    warnings.filterwarnings("ignore", message="'audioop' is deprecated")
    warnings.filterwarnings("ignore", message="Couldn't find ffmpeg or avconv")
    warnings.filterwarnings("ignore", message="invalid escape sequence")
    warnings.filterwarnings("ignore", message=r'"\\\S" is an invalid escape sequence')
    from pydub import AudioSegment

LEAD_IN_MS = 300
"""An amplifier, a relay or a sleeping sink swallows the first moments."""
AFTER_CHIME_MS = 200
BETWEEN_MS = 700
TAIL_MS = 200
MOST_REPEATS = 20


def assemble(words: Clip | None, *, chime: Clip | None = None, repeat: int = 1) -> Clip:
    """The whole announcement at the rate of its parts.

    Args:
        words: The levelled words; None sounds the chime alone.
        chime: At the rate of the words; None for no chime.
        repeat: How often the words are spoken, 1 to 20.

    Raises:
        ClipError: There is nothing to sound, or the parts differ in rate.
    """
    parts = [part for part in (chime, words) if part is not None]
    if not parts:
        raise ClipError("An announcement without chime and words has no sound.")
    rate_hz = parts[0].rate_hz
    if any(part.rate_hz != rate_hz for part in parts):
        raise ClipError("The chime and the words differ in their sample rate.")
    whole = _pause(LEAD_IN_MS, rate_hz)
    if chime is not None:
        whole += _segment(chime) + _pause(AFTER_CHIME_MS, rate_hz)
    if words is not None:
        times = max(1, min(MOST_REPEATS, repeat))
        once = _segment(words)
        whole += (once + _pause(BETWEEN_MS, rate_hz)) * (times - 1) + once
    whole += _pause(TAIL_MS, rate_hz)
    return clip_from_pcm(bytes(whole.raw_data), rate_hz)


def _segment(clip: Clip) -> AudioSegment:
    return AudioSegment(
        data=clip.pcm(), sample_width=SAMPLE_BYTES, frame_rate=clip.rate_hz, channels=1
    )


def _pause(milliseconds: int, rate_hz: int) -> AudioSegment:
    return AudioSegment.silent(duration=milliseconds, frame_rate=rate_hz)
