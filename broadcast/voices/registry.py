"""Every engine of speech by its name in the settings: one file and one line here each."""

from __future__ import annotations

from collections.abc import Callable

from broadcast.errors import VoiceError
from broadcast.voices.espeak import EspeakVoice
from broadcast.voices.silent import SilentVoice
from broadcast.voices.voice import Voice

ESPEAK_NAMES = {"zh": "cmn", "en": "en"}

VOICES: dict[str, Callable[[str], Voice]] = {
    "espeak": lambda language: EspeakVoice(ESPEAK_NAMES.get(language, language)),
    "silent": lambda _: SilentVoice(),
}


def build_voice(kind: str, language: str = "zh") -> Voice:
    """The voice of an engine for the language of the phrases; nothing is started yet.

    Raises:
        VoiceError: The engine is unknown.
    """
    try:
        build = VOICES[kind]
    except KeyError:
        kinds = ", ".join(sorted(VOICES))
        raise VoiceError(f"There is no voice engine {kind!r}; there are: {kinds}.") from None
    return build(language)
