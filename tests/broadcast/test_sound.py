"""What the village hears: levels, chimes, and the order of the parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.announcements import Priority
from broadcast.assembling import AFTER_CHIME_MS, BETWEEN_MS, LEAD_IN_MS, TAIL_MS, assemble
from broadcast.chime import chime
from broadcast.clip import Clip, clip_from_pcm, clip_from_wav, silence, wav_from_clip
from broadcast.errors import ClipError
from broadcast.loudness import CEILING_DBFS, TARGET_LUFS, level, measure

RATE_HZ = 22_050


def _noise(volume: float, seconds: float = 1.0) -> Clip:
    random = np.random.default_rng(7)
    samples = np.clip(random.normal(0, volume, round(seconds * RATE_HZ)), -32768, 32767)
    return Clip(samples.astype(np.int16), RATE_HZ)


@pytest.mark.parametrize("volume", [60, 1000, 20_000])
def test_words_come_to_one_level(volume: float) -> None:
    """Faint and shouted words reach the same loudness, and no peak passes the ceiling."""
    levelled = measure(level(_noise(volume)))
    assert abs(levelled.lufs - TARGET_LUFS) < 1.5
    assert levelled.peak_dbfs <= CEILING_DBFS + 0.1


@given(seconds=st.floats(0.01, 0.6), volume=st.floats(100, 20_000))
@settings(max_examples=20, deadline=None)
def test_levelling_keeps_the_length(seconds: float, volume: float) -> None:
    """No sample is lost or added, however short the clip; short ones come to the level, too."""
    before = _noise(volume, seconds)
    after = level(before)
    assert len(after.samples) == len(before.samples)
    assert after.peak <= 10 ** (CEILING_DBFS / 20)


def test_silence_stays_silence() -> None:
    """Nothing is not amplified into hiss, and no samples at all are no fault."""
    quiet = silence(1.0, RATE_HZ)
    assert not level(quiet).samples.any()
    assert measure(silence(0, RATE_HZ)).lufs == -70


@pytest.mark.parametrize("priority", list(Priority))
def test_every_chime_is_audible_and_short(priority: Priority) -> None:
    """A chime is neither faint nor long, and starts and ends without a click."""
    sound = chime(priority, RATE_HZ)
    assert 0.5 <= sound.seconds <= 2.5
    assert -24 <= measure(sound).lufs <= -17
    assert abs(int(sound.samples[0])) < 50
    assert abs(int(sound.samples[-1])) < 50


def test_danger_sounds_louder_and_unlike_a_notice() -> None:
    """By ear alone, life safety differs from a notice."""
    danger, notice = chime(Priority.LIFE_SAFETY, RATE_HZ), chime(Priority.NOTICE, RATE_HZ)
    assert measure(danger).lufs > measure(notice).lufs + 3
    assert danger.seconds > notice.seconds


def test_lead_in_chime_words_and_tail_come_in_this_order() -> None:
    """The first moments are quiet for the amplifier; the chime comes before the words."""
    words, bell = _noise(3000), chime(Priority.TALK_DOWN, RATE_HZ)
    whole = assemble(words, chime=bell, repeat=2).samples
    lengths = [LEAD_IN_MS, AFTER_CHIME_MS, BETWEEN_MS, TAIL_MS]
    lead, gap, pause, tail = (int(RATE_HZ * (milliseconds / 1000)) for milliseconds in lengths)
    expected = np.concatenate(
        [
            np.zeros(lead), bell.samples, np.zeros(gap),
            words.samples, np.zeros(pause), words.samples, np.zeros(tail),
        ]
    )  # fmt: skip
    assert np.array_equal(whole, expected)


def test_parts_must_fit() -> None:
    """Nothing to sound, or two rates, is told."""
    with pytest.raises(ClipError):
        assemble(None)
    with pytest.raises(ClipError):
        assemble(silence(1, 8000), chime=silence(1, 16_000))


def test_repeats_are_bounded() -> None:
    """A command for a million repeats does not fill memory."""
    assert assemble(silence(0.1, 8000), repeat=10**6).seconds < 30
    assert assemble(silence(0.1, 8000), repeat=-1).seconds < 1


@given(
    st.binary(max_size=400).filter(lambda pcm: len(pcm) % 2 == 0),
    st.sampled_from([8000, 16_000, 22_050, 48_000]),
)
def test_a_clip_survives_its_file(pcm: bytes, rate_hz: int) -> None:
    """What is written as WAV is read back the same."""
    clip = clip_from_pcm(pcm, rate_hz)
    back = clip_from_wav(wav_from_clip(clip))
    assert (back.pcm(), back.rate_hz) == (pcm, rate_hz)


@given(st.binary(max_size=200))
def test_what_is_no_sound_file_is_told(content: bytes) -> None:
    """Hostile bytes are a ClipError and nothing else."""
    with pytest.raises(ClipError):
        clip_from_wav(content)


@pytest.mark.parametrize(
    ("samples", "rate_hz"),
    [(np.zeros((2, 2), np.int16), 8000), (np.zeros(2), 8000), (np.zeros(2, np.int16), 1)],
)
def test_a_clip_is_one_channel_of_16_bits(samples: np.ndarray, rate_hz: int) -> None:
    """Anything else is refused where it is made."""
    with pytest.raises(ClipError):
        Clip(samples, rate_hz)
    with pytest.raises(ClipError):
        clip_from_pcm(b"123", 8000)
