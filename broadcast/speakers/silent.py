"""A loudspeaker that takes everything and sounds nothing; it proves nothing either."""

from __future__ import annotations


class SilentSpeaker:
    """Takes every block at once."""

    proof = "none"

    def __init__(self, speaker_id: str, *, zone: str = "") -> None:
        self.id = speaker_id
        self.zone = zone
        self.accepted_bytes = 0

    def open(self, announcement_id: str, rate_hz: int) -> None:  # noqa: ARG002 - the seam's shape
        self.accepted_bytes = 0

    def write(self, block: bytes) -> int:
        self.accepted_bytes += len(block)
        return len(block)

    def drain(self) -> bool:
        return True

    def stop(self) -> None:
        return

    def close(self) -> None:
        return

    def probe(self) -> str:
        return ""
