"""The packets that a decoder would need to be up to date, from the last key frame on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """What the ring needs to know of a packet."""

    @property
    def size(self) -> int: ...


P = TypeVar("P", bound=Sized)

MOST_PACKETS = 1000
MOST_BYTES = 8 << 20


class PacketRing(Generic[P]):
    """Bounded by count and bytes; whoever fills it empties it when it is full."""

    def __init__(self, most_packets: int = MOST_PACKETS, most_bytes: int = MOST_BYTES) -> None:
        self._packets: deque[P] = deque()
        self._bytes = 0
        self._limits = (most_packets, most_bytes)

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def full(self) -> bool:
        return len(self._packets) >= self._limits[0] or self._bytes >= self._limits[1]

    def put(self, packet: P) -> None:
        self._packets.append(packet)
        self._bytes += packet.size

    def drain(self) -> Iterator[P]:
        """All packets, oldest first; each is gone once it was given."""
        while self._packets:
            packet = self._packets.popleft()
            self._bytes -= packet.size
            yield packet

    def clear(self) -> int:
        """Forget all of them; how many there were."""
        count = len(self._packets)
        self._packets.clear()
        self._bytes = 0
        return count
