"""RTP headers (RFC 3550) in their order, and how evenly the packets left."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

HEADER = struct.Struct("!BBHII")
VERSION = 2 << 6
MARKER = 0x80


class Numbering:
    """The one source of sound that a horn hears from us: its sequence numbers and timestamps.

    All three start at random (RFC 3550, 5.1) and live as long as the loudspeaker.
    """

    def __init__(self, payload_type: int, randomness: random.Random) -> None:
        self._payload_type = payload_type
        self._ssrc = randomness.getrandbits(32)
        self._sequence = randomness.getrandbits(16)
        self._timestamp = randomness.getrandbits(32)

    def packet(self, payload: bytes, ticks: int, *, first: bool) -> bytes:
        """One packet; the first after a silence carries the marker."""
        header = HEADER.pack(
            VERSION,
            self._payload_type | (MARKER if first else 0),
            self._sequence,
            self._timestamp,
            self._ssrc,
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.pass_over(ticks)
        return header + payload

    def pass_over(self, ticks: int) -> None:
        """Let time go by in which nothing is sent."""
        self._timestamp = (self._timestamp + ticks) & 0xFFFFFFFF


@dataclass(slots=True)
class Evenness:
    """How far the packets of one announcement left from their moments.

    Attributes:
        packets: How many left.
        lost: How many the system would not take.
        gaps: How often there was nothing to send when it was time.
        jitter_s: Mean deviation, smoothed as in RFC 3550, 6.4.1.
        worst_s: The latest one's lateness.
    """

    packets: int = 0
    lost: int = 0
    gaps: int = 0
    jitter_s: float = 0.0
    worst_s: float = 0.0
    _last_s: float = 0.0

    def note(self, late_s: float) -> None:
        """A packet left so late."""
        if self.packets:
            self.jitter_s += (abs(late_s - self._last_s) - self.jitter_s) / 16
        self._last_s = late_s
        self.packets += 1
        self.worst_s = max(self.worst_s, late_s)
