"""The seam between words and sound."""

from __future__ import annotations

from typing import Protocol

from broadcast.clip import Clip


class Voice(Protocol):
    """Speaks words into a clip.

    Attributes:
        id: Names the voice and everything that changes its sound (version, speed); two voices
            of one id sound the same.
        language: BCP 47 primary tag of what it speaks, `cmn` or `en`.
    """

    @property
    def id(self) -> str: ...

    @property
    def language(self) -> str: ...

    def speak(self, text: str) -> Clip:
        """Turn words into sound, at the voice's own level and without silence around it.

        Safe to call from several threads; returns or raises within its own time limit.

        Raises:
            VoiceError: The words could not be spoken.
        """
        ...

    def probe(self) -> str:
        """Say something short now; empty when that works, else a sentence with the remedy."""
        ...

    def close(self) -> None:
        """Let go of what the voice holds; a later `speak` may start it again."""
        ...
