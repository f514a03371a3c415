"""The handful of MQTT 5 packets a hub needs, written and read (OASIS MQTT 5.0, chapter 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.errors import LinkError

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9
PING = b"\xc0\x00"


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet from the broker.

    Attributes:
        kind: Its type; the others are those of a PUBLISH, or the packet's number in `mid`.
        code: Reason code; at least 0x80 is a refusal.
    """

    kind: int
    mid: int = 0
    topic: str = ""
    payload: bytes = b""
    code: int = 0


def connect(client_id: str, keepalive_s: int) -> bytes:
    """A clean start without a session that outlives the connection."""
    body = _text("MQTT") + b"\x05\x02" + keepalive_s.to_bytes(2, "big") + b"\x00" + _text(client_id)
    return _framed(0x10, body)


def subscribe(mid: int, topic: str) -> bytes:
    return _framed(0x82, mid.to_bytes(2, "big") + b"\x00" + _text(topic) + b"\x01")


def publish(topic: str, payload: bytes, mid: int = 0) -> bytes:
    """QoS 1 with a number, QoS 0 without."""
    if not mid:
        return _framed(0x30, _text(topic) + b"\x00" + payload)
    return _framed(0x32, _text(topic) + mid.to_bytes(2, "big") + b"\x00" + payload)


def puback(mid: int) -> bytes:
    return _framed(0x40, mid.to_bytes(2, "big"))


def take(buffer: bytearray) -> Iterator[Packet]:
    """Take the whole packets off the front of a buffer.

    Raises:
        LinkError: The broker says something that is no MQTT.
    """
    while True:
        head = _length(buffer, 1)
        if head is None or len(buffer) < head[0] + head[1]:
            return
        begin, size = head
        first, body = buffer[0], bytes(buffer[begin : begin + size])
        del buffer[: begin + size]
        yield _read(first, body)


def _read(first: int, body: bytes) -> Packet:
    kind = first >> 4
    if kind == CONNACK:
        return Packet(kind, code=body[1])
    if kind == PUBACK:
        return Packet(kind, int.from_bytes(body[:2], "big"), code=body[2] if len(body) > 2 else 0)
    if kind == SUBACK:
        return Packet(kind, int.from_bytes(body[:2], "big"), code=body[-1])
    if kind != PUBLISH:
        return Packet(kind)
    size = int.from_bytes(body[:2], "big")
    topic, at, mid = body[2 : 2 + size].decode(), 2 + size, 0
    if first & 0x06:
        mid, at = int.from_bytes(body[at : at + 2], "big"), at + 2
    properties = _length(bytearray(body[at : at + 4]), 0) or (1, 0)
    return Packet(kind, mid, topic, body[at + sum(properties) :])


def _length(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Where the rest begins and how long it is; None while that has not come."""
    value = 0
    for place in range(4):
        if len(buffer) <= at + place:
            return None
        byte = buffer[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return at + place + 1, value
    raise LinkError("The broker sent a packet that is longer than MQTT allows.")


def _framed(first: int, body: bytes) -> bytes:
    size, head = len(body), bytearray([first])
    while True:
        head.append(size & 0x7F | (0x80 if size > 0x7F else 0))
        size >>= 7
        if not size:
            return bytes(head) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw
