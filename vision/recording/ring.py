"""The packets of the last seconds of one camera, so that a clip can begin before its incident."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

MOST_RING_BYTES = 12 << 20
"""Of one camera: 24 s of a stream of 4 Mbit/s."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One packet as the camera sent it.

    Attributes:
        data: Its bytes, a copy of their own.
        dts_s, pts_s: The stream's own times in seconds; None where it does not say.
        at_s: When it came, monotonic seconds.
        key: A decoder can begin with it.
    """

    data: bytes
    dts_s: float | None
    pts_s: float | None
    at_s: float
    key: bool


class ClipRing:
    """Bounded by bytes and seconds; it always begins with a key frame, or is empty.

    Args:
        keep_s: How far back it must reach, as far as the bytes allow.
        most_bytes: What it may hold.
    """

    def __init__(self, keep_s: float, most_bytes: int = MOST_RING_BYTES) -> None:
        self._keep_s = keep_s
        self._most_bytes = most_bytes
        self._groups: deque[list[Kept]] = deque()
        """Groups of pictures, each with its key frame first."""
        self._bytes = 0

    def __len__(self) -> int:
        return sum(len(group) for group in self._groups)

    def __iter__(self) -> Iterator[Kept]:
        """All packets, oldest first."""
        return (packet for group in self._groups for packet in group)

    @property
    def bytes(self) -> int:
        return self._bytes

    def put(self, packet: Kept) -> None:
        """Add a packet; those before the first key frame are of no use and are left out."""
        if packet.key:
            self._groups.append([packet])
        elif self._groups:
            self._groups[-1].append(packet)
        else:
            return
        self._bytes += len(packet.data)
        while len(self._groups) > 1 and (
            self._bytes > self._most_bytes or self._groups[1][0].at_s <= packet.at_s - self._keep_s
        ):
            self._bytes -= sum(len(old.data) for old in self._groups.popleft())
        if self._bytes > self._most_bytes:
            # One group of pictures alone is too large: without its head the rest is nothing.
            self.clear()

    def since(self, at_s: float) -> list[Kept]:
        """From the last key frame at or before `at_s` on; from the oldest if none is so old."""
        begin = 0
        for number, group in enumerate(self._groups):
            if group[0].at_s <= at_s:
                begin = number
        return [packet for group in list(self._groups)[begin:] for packet in group]

    def clear(self) -> None:
        self._groups.clear()
        self._bytes = 0
