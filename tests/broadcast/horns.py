"""Horns on the network that remember what reached them."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
import time
import weakref
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np

from broadcast.clip import Clip, clip_from_wav
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


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that reached the horn and was allowed."""

    at_s: float
    method: str
    path: str
    body: bytes


class HttpHorn:
    """A horn that is told over HTTP what to play, on a free port.

    Args:
        sign_in: `basic` or `digest`; the user is horn, the password secret.
        delay_s: How long it takes for each answer.
    """

    def __init__(self, sign_in: str = "", delay_s: float = 0.0) -> None:
        self.asked: list[Asked] = []
        self.refused = 0
        horn = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if sign_in and not _allowed(sign_in, self):
                    horn.refused += 1
                    self.send_response(401)
                    challenge = 'Basic realm="horn"'
                    if sign_in == "digest":
                        challenge = 'Digest realm="horn", nonce="abc", qop="auth", algorithm=MD5'
                    self.send_header("WWW-Authenticate", challenge)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                threading.Event().wait(delay_s)
                horn.asked.append(Asked(time.monotonic(), self.command, self.path, body))
                self.send_response(404 if self.path == "/nowhere" else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - the library's names

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sounds(self) -> list[Clip]:
        """Everything that it was given to play."""
        return [clip_from_wav(a.body) for a in self.asked if a.path.startswith("/play")]

    def paths(self) -> list[str]:
        return [a.path for a in self.asked]


def _allowed(sign_in: str, request: BaseHTTPRequestHandler) -> bool:
    given = request.headers.get("Authorization", "")
    if sign_in == "basic":
        return given == "Basic aG9ybjpzZWNyZXQ="
    said = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
    if "nonce" not in said:
        return False

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - what RFC 2617 asks for

    who, what = md5("horn:horn:secret"), md5(f"{request.command}:{request.path}")
    counted = f"{said['nonce']}:{said['nc']}:{said['cnonce']}:auth"
    return said["response"] == md5(f"{who}:{counted}:{what}")
