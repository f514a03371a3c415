"""The chime before the words: it turns heads, and tells a notice from a danger by ear alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from broadcast.announcements import Priority
from broadcast.clip import FULL_SCALE, Clip
from broadcast.loudness import TARGET_LUFS, level


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Tones in order: (hertz, seconds); all within what a horn can sound (500 to 1500 Hz)."""

    tones: tuple[tuple[float, float], ...]
    below_words_db: float
    decay_s: float


_GENTLE = _Pattern(((659.3, 0.5), (523.3, 0.9)), below_words_db=5.0, decay_s=0.35)
_FIRM = _Pattern(((880.0, 0.25), (1174.7, 0.25)) * 2, below_words_db=2.0, decay_s=0.6)
_URGENT = _Pattern(((960.0, 0.25), (770.0, 0.25)) * 4, below_words_db=0.0, decay_s=9.0)

_PATTERNS = {
    Priority.LIFE_SAFETY: _URGENT,
    Priority.OFFICIAL_EMERGENCY: _URGENT,
    Priority.TALK_DOWN: _FIRM,
}
_RAMP_S = 0.008
"""Each tone fades in and out this long, or it would click."""


@cache
def chime(priority: Priority, rate_hz: int, words_lufs: float = TARGET_LUFS) -> Clip:
    """Two tones: alternating for danger to life, firm for a warning, gentle for a notice.

    A chime is never louder than the words that follow at `words_lufs`.
    """
    pattern = _PATTERNS.get(priority, _GENTLE)
    tones = [_tone(hertz, seconds, pattern.decay_s, rate_hz) for hertz, seconds in pattern.tones]
    samples = (np.concatenate(tones) * FULL_SCALE * 0.5).astype(np.int16)
    return level(Clip(samples, rate_hz), words_lufs - pattern.below_words_db)


def _tone(hertz: float, seconds: float, decay_s: float, rate_hz: int) -> np.ndarray:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = np.sin(2 * np.pi * hertz * time_s) + 0.3 * np.sin(4 * np.pi * hertz * time_s)
    edge = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / _RAMP_S)
    return np.asarray(wave / 1.3 * np.exp(-time_s / decay_s) * edge)
