"""Horns on the network that remember what reached them."""

from __future__ import annotations

import socket
import struct
import threading
import time
import weakref
from dataclasses import dataclass

import av
import numpy as np

from tests.waiting import wait_for

QUIET_S = 0.15
DECODERS = {
    8: ("pcm_alaw", 8000),
    0: ("pcm_mulaw", 8000),
    9: ("g722", 16_000),
    97: ("opus", 48_000),
}


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet as it arrived."""

    at_s: float
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class RtpHorn:
    """Listens for RTP on a port of its own, alone or in a multicast group on the loopback."""

    def __init__(self, group: str = "") -> None:
        self._line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._line.bind((group or "127.0.0.1", 0))
        self._line.settimeout(0.1)
        if group:
            loopback = socket.if_nametoindex("lo")
            member = struct.pack("4s4si", socket.inet_aton(group), b"", loopback)
            self._line.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self.address = f"{group or '127.0.0.1'}:{self._line.getsockname()[1]}"
        self.packets: list[Packet] = []
        self._gone = threading.Event()
        threading.Thread(
            target=_listen, args=(self._line, self.packets, self._gone), daemon=True
        ).start()
        weakref.finalize(self, self._gone.set)

    def close(self) -> None:
        self._gone.set()

    def quiet(self) -> list[Packet]:
        """Every packet, once no more come."""
        wait_for(
            lambda: self.packets and time.monotonic() - self.packets[-1].at_s > QUIET_S,
            what="the horn to fall silent",
        )
        return list(self.packets)

    def last(self) -> np.ndarray:
        """The samples of the last announcement."""
        packets = self.quiet()
        begin = max(at for at, packet in enumerate(packets) if packet.marker)
        return decoded(packets[begin:])


def _listen(line: socket.socket, packets: list[Packet], gone: threading.Event) -> None:
    with line:
        while not gone.is_set():
            try:
                content = line.recv(2048)
            except TimeoutError:
                continue
            first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", content[:12])
            assert first == 0x80
            packets.append(
                Packet(
                    time.monotonic(), second & 0x7F, bool(second & 0x80), sequence, timestamp,
                    ssrc, content[12:],
                )
            )  # fmt: skip


def decoded(packets: list[Packet]) -> np.ndarray:
    """The samples in packets, in the order of their numbers."""
    if packets[0].payload_type not in DECODERS:
        return np.frombuffer(b"".join(p.payload for p in packets), dtype=">i2")
    name, rate_hz = DECODERS[packets[0].payload_type]
    decoder = av.CodecContext.create(name, "r")
    decoder.sample_rate, decoder.layout = rate_hz, "mono"
    pieces = [
        frame
        for packet in [*(av.Packet(p.payload) for p in packets), None]
        for frame in decoder.decode(packet)
    ]
    resampler = av.AudioResampler("s16", "mono", rate_hz)
    whole = [piece for frame in [*pieces, None] for piece in resampler.resample(frame)]
    return np.concatenate([piece.to_ndarray().reshape(-1) for piece in whole])
