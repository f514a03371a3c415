"""A loudspeaker on the network that plays what arrives as RTP, by multicast or alone."""

from __future__ import annotations

import ipaddress
import logging
import random
import socket
import struct
import time
from dataclasses import dataclass, replace

from broadcast.clip import SAMPLE_BYTES
from broadcast.errors import SpeakerError
from broadcast.speakers.rtp_codec import CODECS, Codec, PayloadMaker
from broadcast.speakers.rtp_packets import Evenness, Numbering
from broadcast.speakers.rtp_sending import Sending
from broadcast.speakers.speaker import PATIENCE_S

log = logging.getLogger(__name__)

EXPEDITED = 0xB8
"""Differentiated services: voice goes first (RFC 3246)."""
LARGEST_PORT = 65_535
IPV4 = 4


@dataclass(frozen=True, slots=True)
class RtpTarget:
    """Where the packets go and what they hold.

    Attributes:
        address: `239.255.10.7:5004`, `[ff15::7]:5004` or the address of one horn; no names.
        codec: One of `CODECS`.
        ttl: How many routers a multicast packet may pass, and itself.
        interface: Name of the network interface for multicast; empty leaves it to the system.
        rate_hz: Other rate for `l16`; its payload type is then 96. 0 is 44 100.
    """

    address: str
    codec: str = "pcma"
    ttl: int = 4
    interface: str = ""
    rate_hz: int = 0


class RtpSpeaker:
    """Encodes in the caller's thread and sends from one of its own, in time.

    A horn does not answer: `accepted_bytes` is what the network has taken, no more.
    """

    def __init__(
        self,
        speaker_id: str,
        target: RtpTarget,
        *,
        zone: str = "",
        randomness: random.Random | None = None,
    ) -> None:
        """Args: `randomness` chooses SSRC and the first numbers.

        Raises:
            SpeakerError: Address or codec cannot be used.
        """
        self.id = speaker_id
        self.zone = zone
        self._target = target
        self._family, self._place = _parsed(speaker_id, target.address)
        self._codec = _codec(speaker_id, target)
        self._numbering = Numbering(self._codec.payload_type, randomness or random.SystemRandom())
        self._maker: PayloadMaker | None = None
        self._sending: Sending | None = None
        self._rate_hz = 0
        self._written = 0
        self._ended_s: float | None = None
        self.evenness = Evenness()

    @property
    def accepted_bytes(self) -> int:
        if self._sending is None:
            return 0
        if self._sending.finished:
            return self._written
        taken = int(self._sending.sent_s * self._rate_hz) * SAMPLE_BYTES
        return min(self._written, taken)

    @property
    def proof(self) -> str:
        return "bytes" if self.accepted_bytes else "none"

    def open(self, announcement_id: str, rate_hz: int) -> None:  # noqa: ARG002 - the seam's shape
        self.stop()
        self._rate_hz, self._written = rate_hz, 0
        self._maker = PayloadMaker(self._codec, rate_hz)
        if self._ended_s is not None:
            quiet_s = time.monotonic() - self._ended_s
            self._numbering.pass_over(round(quiet_s * self._codec.clock_hz))
        self.evenness = Evenness()
        self._sending = Sending(self._connect(), self._numbering, self.evenness, self.id)

    def write(self, block: bytes) -> int:
        if self._sending is None or self._maker is None:
            raise SpeakerError(f"Loudspeaker {self.id} was not opened.")
        self._demand_sending(self._sending)
        if not self._sending.room(PATIENCE_S):
            return 0
        self._sending.add(self._maker.feed(block))
        self._written += len(block)
        return len(block)

    def drain(self) -> bool:
        if self._sending is None:
            return True
        if self._maker is not None:
            self._sending.add(self._maker.finish())
            self._sending.finish()
            self._maker = None
        done = self._sending.wait(PATIENCE_S)
        self._demand_sending(self._sending)
        return done

    def stop(self) -> None:
        self._maker = None
        if self._sending is not None and self._sending.end():
            self._ended_s = time.monotonic()
            even = self.evenness
            log.info(
                "rtp sent speaker=%s packets=%d lost=%d gaps=%d jitter_ms=%.1f worst_ms=%.1f",
                self.id, even.packets, even.lost, even.gaps, even.jitter_s * 1000,
                even.worst_s * 1000,
            )  # fmt: skip

    def close(self) -> None:
        self.stop()

    def probe(self) -> str:
        try:
            PayloadMaker(self._codec, 22_050)
            self._connect().close()
        except SpeakerError as error:
            return str(error)
        return ""

    def _connect(self) -> socket.socket:
        line = socket.socket(self._family, socket.SOCK_DGRAM)
        try:
            line.setblocking(False)
            _prepare(line, self._target)
            line.connect(self._place)
        except OSError as error:
            line.close()
            raise self._unreachable(error) from error
        return line

    def _demand_sending(self, sending: Sending) -> None:
        if sending.fault is not None:
            raise self._unreachable(sending.fault)

    def _unreachable(self, error: OSError) -> SpeakerError:
        return SpeakerError(
            f"Loudspeaker {self.id} cannot be reached at {self._target.address}: "
            f"{error.strerror or error}. Check its power, the network cable and its address."
        )


def _codec(speaker_id: str, target: RtpTarget) -> Codec:
    if target.codec not in CODECS:
        known = ", ".join(CODECS)
        raise SpeakerError(
            f"Loudspeaker {speaker_id} has the unknown codec {target.codec!r}; there are: {known}."
        )
    codec = CODECS[target.codec]
    if target.codec == "l16" and target.rate_hz not in (0, codec.rate_hz):
        return replace(codec, payload_type=96, rate_hz=target.rate_hz, clock_hz=target.rate_hz)
    return codec


def _parsed(speaker_id: str, address: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    host, _, port = address.rpartition(":")
    try:
        ip = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        usable = 0 < int(port) <= LARGEST_PORT
    except ValueError:
        usable = False
    if not usable:
        raise SpeakerError(
            f"Loudspeaker {speaker_id} has the address {address!r}, which is not one like "
            "239.255.10.7:5004."
        )
    family = socket.AF_INET if ip.version == IPV4 else socket.AF_INET6
    return family, (str(ip), int(port))


def _prepare(line: socket.socket, target: RtpTarget) -> None:
    index = socket.if_nametoindex(target.interface) if target.interface else 0
    if line.family == socket.AF_INET:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, target.ttl)
        if index:
            chosen = struct.pack("4s4si", b"", b"", index)  # ip_mreqn
            line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, chosen)
        return
    line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED)
    line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, target.ttl)
    if index:
        line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
