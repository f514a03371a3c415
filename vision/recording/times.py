"""The times of a clip: from nought, never backwards, whatever the camera's own times did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vision.recording.ring import Kept

TICKS_PER_S = 90_000
LONGEST_STEP_S = 10.0
APART_S = 2.0
"""A step of the stream's time that differs by more from how long the packet took is a jump."""

MOST_DELAY_S = 2.0
SHORTEST_TICKS = 90


def rebased(packets: Iterable[Kept]) -> Iterator[tuple[int, int, Kept]]:
    """Decoding and showing time of each packet in ticks of 1/90 000 s.

    Steps are those of the stream's own time, where it can be believed: a wrap, a jump, a stream
    that began again or does not tell time steps by how long the packet took to come.
    """
    ticks = 0
    before: Kept | None = None
    for packet in packets:
        if before is not None:
            ticks += max(SHORTEST_TICKS, round(_step_s(before, packet) * TICKS_PER_S))
        delay_s = 0.0
        if packet.pts_s is not None and packet.dts_s is not None:
            delay_s = packet.pts_s - packet.dts_s
        if not 0.0 <= delay_s <= MOST_DELAY_S:
            delay_s = 0.0
        yield ticks, ticks + round(delay_s * TICKS_PER_S), packet
        before = packet


def _step_s(before: Kept, packet: Kept) -> float:
    came_s = min(max(packet.at_s - before.at_s, 0.0), LONGEST_STEP_S)
    begun, now = _time_of(before), _time_of(packet)
    if begun is None or now is None:
        return came_s
    step_s = now - begun
    return step_s if step_s > 0 and abs(step_s - came_s) <= APART_S else came_s


def _time_of(packet: Kept) -> float | None:
    return packet.dts_s if packet.dts_s is not None else packet.pts_s
