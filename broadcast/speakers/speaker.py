"""The seam between an announcement's samples and what makes them sound."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

PATIENCE_S = 0.05
"""`write` and `drain` return within about this time, so that a cut is never late."""


class Speaker(Protocol):
    """Takes the samples of one announcement after another.

    Every method is called from one thread. An announcement is `open`, `write` until all is
    taken, `drain` until it is True, `close`; or `stop` at any moment after `open`. After a
    SpeakerError, `stop` and then `open` may be tried again for the next announcement. The caller
    writes at the pace of time, a little ahead of it.

    Attributes:
        id: Unique among the speakers.
        zone: The zone it serves; empty serves every zone.
        accepted_bytes: Bytes of this announcement that the sink itself has taken so far.
        proof: What is proven of this announcement: `none`, `bytes` or `file:` and a path.
    """

    @property
    def id(self) -> str: ...

    @property
    def zone(self) -> str: ...

    @property
    def accepted_bytes(self) -> int: ...

    @property
    def proof(self) -> str: ...

    def open(self, announcement_id: str, rate_hz: int) -> None:
        """Get ready for one announcement of 16-bit samples, one channel.

        Raises:
            SpeakerError: It cannot be opened.
        """
        ...

    def write(self, block: bytes) -> int:
        """Offer samples; how many bytes were taken, 0 when the sink is full.

        Raises:
            SpeakerError: The sink is gone.
        """
        ...

    def drain(self) -> bool:
        """Let what was written sound to its end; call until True.

        Raises:
            SpeakerError: The sink failed before the end.
        """
        ...

    def stop(self) -> None:
        """Fall silent at once and let go of the sink; never raises."""
        ...

    def close(self) -> None:
        """Let go of the sink after `drain`; harmless when nothing is open."""
        ...

    def probe(self) -> str:
        """Try to open now; empty when it opens, else a sentence with the remedy."""
        ...


@runtime_checkable
class WholeTaker(Protocol):
    """A speaker that wants the whole sound at the start, because its sink cannot be fed slowly."""

    def take_whole(self, pcm: bytes) -> None:
        """Take everything that will be written, right after `open`.

        Raises:
            SpeakerError: It was not opened.
        """
        ...
