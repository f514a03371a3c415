"""What every voice promises."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from broadcast.errors import VoiceError
from broadcast.rendering import READERS
from broadcast.voices.registry import VOICES, build_voice
from broadcast.voices.voice import Voice


@pytest.fixture(params=[(kind, language) for kind in VOICES for language in ("zh", "en")])
def voice(request: pytest.FixtureRequest) -> Iterator[Voice]:
    """Each voice in turn, in both languages."""
    voice = build_voice(*request.param)
    yield voice
    voice.close()


def test_words_become_a_clip(voice: Voice) -> None:
    """A sentence has a plausible length at a playable rate; a longer one is longer."""
    short = voice.speak("离开 leave")
    long = voice.speak("请注意，请立即离开这里 please leave this place now")
    assert short.samples.dtype == np.int16
    assert 0.3 < short.seconds < long.seconds < 30


def test_the_same_words_sound_the_same(voice: Voice) -> None:
    """A cache may keep what was spoken."""
    first, again = (voice.speak("离开 leave").seconds for _ in range(2))
    assert abs(first - again) < 0.02 * first


def test_it_says_what_it_is(voice: Voice) -> None:
    """Id and language are there, and Mandarin has a reader of figures."""
    assert voice.id
    assert voice.language in {"cmn", "en"}
    assert "cmn" in READERS


def test_a_working_voice_has_no_complaint(voice: Voice) -> None:
    """The doctor hears nothing when all is well."""
    assert voice.probe() == ""


def test_closing_twice_is_harmless(voice: Voice) -> None:
    """Nobody has to remember whether it was closed: it speaks again when it is asked."""
    before = voice.speak("离开 leave").seconds
    voice.close()
    voice.close()
    assert voice.speak("离开 leave").seconds == before


def test_an_unknown_engine_is_told() -> None:
    """The engines that there are belong into the sentence."""
    with pytest.raises(VoiceError, match="espeak, silent"):
        build_voice("parrot")
