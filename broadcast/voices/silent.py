"""A quiet voice: silence as long as the words would take, for tests and tiny boxes."""

from __future__ import annotations

from broadcast.clip import Clip, silence

SECONDS_A_CHARACTER = 0.28
RATE_HZ = 22_050


class SilentVoice:
    """Says nothing, for as long as a speaker of Mandarin would take to say it."""

    id = "silent"
    language = "cmn"

    def speak(self, text: str) -> Clip:
        spoken = sum(1 for character in text if character.isalnum())
        return silence(max(1, spoken) * SECONDS_A_CHARACTER, RATE_HZ)

    def probe(self) -> str:
        return ""

    def close(self) -> None:
        return
