"""A loudspeaker behind an amplifier that is switched on for it."""

from __future__ import annotations

from broadcast.amplifier.amplifier import Amplifier
from broadcast.errors import SpeakerError
from broadcast.speakers.speaker import PATIENCE_S, Speaker


class AmplifiedSpeaker:
    """Takes the first sample once the amplifier is awake.

    A switch that fails does not keep the sound back, as the amplifier may be on all the same; but
    the announcement has failed then, because nobody can tell.
    """

    def __init__(self, speaker: Speaker, amplifier: Amplifier) -> None:
        self._speaker = speaker
        self._amplifier = amplifier

    @property
    def id(self) -> str:
        return self._speaker.id

    @property
    def zone(self) -> str:
        return self._speaker.zone

    @property
    def accepted_bytes(self) -> int:
        return self._speaker.accepted_bytes

    @property
    def proof(self) -> str:
        return self._speaker.proof

    def open(self, announcement_id: str, rate_hz: int) -> None:
        self._amplifier.take(self.id)
        self._speaker.open(announcement_id, rate_hz)

    def write(self, block: bytes) -> int:
        self._amplifier.demand_on()
        if not self._amplifier.wait_ready(PATIENCE_S):
            return 0
        return self._speaker.write(block)

    def drain(self) -> bool:
        if not self._speaker.drain():
            return False
        if self._amplifier.fault:
            raise SpeakerError(self._amplifier.fault)
        return True

    def stop(self) -> None:
        self._speaker.stop()
        self._amplifier.let_go(self.id)

    def close(self) -> None:
        self._speaker.close()
        self._amplifier.let_go(self.id)

    def probe(self) -> str:
        return self._amplifier.fault or self._speaker.probe()
