"""What a camera's packets tell without being decoded: its clock, and whether anything moves."""

from __future__ import annotations

import math
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from threading import Lock

from av.packet import Packet
from av.video.stream import VideoStream

RECENT_S, USUAL_S = 2.0, 600.0
"""Time constants of the sizes of packets, now and usually."""

LEARN_S = 20.0
STUCK_S = 3.0
"""A camera whose packets keep coming with the same time for so long repeats itself."""

OFFSETS = 15
_WALL = struct.Struct("=q")


@dataclass(frozen=True, slots=True)
class PacketEvidence:
    """What the packets of the last seconds say about a picture that does not change.

    Attributes:
        size: Of those between key frames, as part of what is usual for this camera; an encoder
            that is fed the same picture again and again has next to nothing to send.
        stuck: They come, but the camera's own time stands still.
    """

    size: float
    stuck: bool


class PacketWatch:
    """The packets of one camera; fed by the thread that receives, asked by others.

    Args:
        wall: Seconds since 1970 by this box.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._lock = Lock()
        self._offsets_s: deque[float] = deque(maxlen=OFFSETS)
        self.opened()

    def opened(self) -> None:
        """A new connection: its times have nothing to do with those before."""
        with self._lock:
            self._recent = self._usual = 0.0
            self._learnt_s = 0.0
            self._seen_s: float | None = None
            self._sent_s: float | None = None
            self._moved_s = -math.inf
            self._offsets_s.clear()

    def packet(self, packet: Packet[VideoStream], now_s: float) -> None:
        """One packet with pictures, at monotonic `now_s`."""
        at = packet.dts if packet.dts is not None else packet.pts
        sent_s = None if at is None or packet.time_base is None else float(at * packet.time_base)
        self.take(
            now_s, packet.size, key=bool(packet.is_keyframe), sent_s=sent_s, wall_s=_sent_at(packet)
        )

    def take(
        self, now_s: float, size: int, *, key: bool, sent_s: float | None, wall_s: float | None
    ) -> None:
        """The same in numbers: bytes, the stream's own time, and the camera's wall clock."""
        with self._lock:
            since_s = min(max(now_s - (self._seen_s or now_s), 0.0), 5.0)
            self._seen_s = now_s
            if sent_s is None or self._sent_s is None or sent_s != self._sent_s:
                self._moved_s = now_s
            self._sent_s = sent_s
            if wall_s is not None:
                self._offsets_s.append(wall_s - self._wall())
            if key:
                return
            self._learnt_s += since_s
            self._recent = self._recent or float(size)
            self._usual = self._usual or float(size)
            self._recent += _rate(since_s, RECENT_S) * (size - self._recent)
            usual_s = min(USUAL_S, max(self._learnt_s, RECENT_S))
            self._usual += _rate(since_s, usual_s) * (size - self._usual)

    def evidence(self) -> PacketEvidence | None:
        """What they say now; None before they are known."""
        with self._lock:
            stuck = self._seen_s is not None and self._seen_s - self._moved_s >= STUCK_S
            if self._learnt_s < LEARN_S and not stuck:
                return None
            return PacketEvidence(self._recent / max(self._usual, 1.0), stuck)

    @property
    def clock_offset_s(self) -> float | None:
        """Seconds by which the camera's clock is before (positive) ours; None: it does not say."""
        with self._lock:
            return median(self._offsets_s) if len(self._offsets_s) >= 3 else None


def _sent_at(packet: Packet[VideoStream]) -> float | None:
    """The camera's wall clock when the picture was taken, where RTCP sender reports tell it.

    The library attaches it as AVProducerReferenceTime: microseconds since 1970, int64 first.
    """
    if not packet.has_sidedata("prft"):
        return None
    data = bytes(packet.get_sidedata("prft"))
    return _WALL.unpack_from(data)[0] / 1e6 if len(data) >= _WALL.size else None


def _rate(since_s: float, constant_s: float) -> float:
    return 1 - math.exp(-since_s / constant_s)
