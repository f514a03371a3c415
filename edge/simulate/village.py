"""One simulated village: a connection of its own, its numbers, its window and what it waits for."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import time
import uuid
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from edge.ids import uuid7
from edge.link import topics
from edge.link.messages import Ack, read
from edge.simulate import packets

WINDOW = 64
KEEPALIVE_S = 120
GUARD_S = 60.0
"""After this long a row is sent again within one connection, as a hub does."""
_MIDS = 60_000


class Village:
    """A hub as the township sees it; rows are let go only by the township's own `ack`.

    Args of the constructor: `stored` is told, for each row that the township has committed, when
    it was made (monotonic seconds).
    """

    def __init__(
        self,
        name: str,
        cameras: int,
        address: tuple[str, int],
        chance: random.Random,
        stored: Callable[[float], None],
    ) -> None:
        self.name = name
        self.stream = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        self.made = 0
        self.connected = False
        self.refused = 0
        self.reconnects = 0
        self.watched_for_output = False
        self.socket: socket.socket | None = None
        self._cameras = max(1, cameras)
        self._address = address
        self._chance = chance
        self._stored = stored
        self._waiting: deque[tuple[int, bytes, float]] = deque()
        self._under_way: dict[int, tuple[bytes, float, float]] = {}
        self._open: list[tuple[str, int]] = []
        self._out = bytearray()
        self._in = bytearray()
        self._mid = 0

    @property
    def unacknowledged(self) -> int:
        return len(self._waiting) + len(self._under_way)

    @property
    def has_output(self) -> bool:
        return bool(self._out)

    def open(self) -> socket.socket:
        """Begin to connect; the swarm watches the socket."""
        made = socket.socket()
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(BlockingIOError):
            made.connect(self._address)
        self.socket = made
        self._in.clear()
        self._out = bytearray(packets.connect(self.name, KEEPALIVE_S))
        return made

    def close(self) -> None:
        """Forget the connection; what was under way goes to the front of the queue."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        self.connected = False
        back = [(seq, payload, at) for seq, (payload, at, _) in sorted(self._under_way.items())]
        self._waiting.extendleft(reversed(back))
        self._under_way.clear()

    def happen(self, now: float, wall_s: float) -> None:
        """An incident begins, or one that runs ends."""
        self.made += 1
        if self._open and self._chance.random() < 0.5:
            incident, camera = self._open.pop(self._chance.randrange(len(self._open)))
            row = self._event(incident, camera, 2, wall_s)
        else:
            incident, camera = uuid7(wall_s), self._chance.randrange(self._cameras)
            self._open.append((incident, camera))
            row = self._event(incident, camera, 1, wall_s)
        self._waiting.append((self.made, row, now))

    def send(self) -> None:
        """Hand over what the window allows."""
        if not self.connected:
            return
        topic = topics.from_hub(self.name, topics.INCIDENT)
        while self._waiting and len(self._under_way) < WINDOW:
            seq, payload, made_at = self._waiting.popleft()
            self._under_way[seq] = payload, made_at, time.monotonic()
            self._mid = self._mid % _MIDS + 1
            self._out += packets.publish(topic, payload, self._mid)
        self.flush()

    def beat(self) -> None:
        """A heartbeat of QoS 0 and a sign of life."""
        if not self.connected:
            return
        long_ago = time.monotonic() - GUARD_S
        for seq in [seq for seq, row in self._under_way.items() if row[2] < long_ago]:
            payload, made_at, _ = self._under_way.pop(seq)
            self._waiting.appendleft((seq, payload, made_at))
        waiting = [seq for seq, _, _ in self._waiting]
        oldest = min([*waiting, *self._under_way, self.made + 1])
        data = {
            "boot": 1,
            "window": {
                "stream": self.stream,
                "oldest": oldest,
                "next_seq": self.made + 1,
                "queued": self.unacknowledged,
            },
            "cameras": [
                {"id": f"cam-{n}", "name": f"村口{n}", "state": "watching", "fps_in": 15.0}
                for n in range(self._cameras)
            ],
            "time": datetime.now(UTC).isoformat(),
            "clocktrusted": True,
        }
        topic = topics.from_hub(self.name, topics.HEARTBEAT)
        self._out += packets.publish(topic, json.dumps(data, ensure_ascii=False).encode())
        self.send()

    def flush(self) -> None:
        """Write what the socket takes.

        Raises:
            OSError: The connection is gone.
        """
        if self._out and self.socket is not None:
            with contextlib.suppress(BlockingIOError):
                del self._out[: self.socket.send(self._out)]

    def receive(self, now: float) -> None:
        """Read what came.

        Raises:
            OSError: The connection is gone.
            LinkError: The broker talks nonsense.
        """
        if self.socket is None:
            return
        came = self.socket.recv(65_536)
        if not came:
            raise ConnectionResetError
        self._in += came
        for packet in packets.take(self._in):
            self._take(packet, now)

    def _take(self, packet: packets.Packet, now: float) -> None:
        match packet.kind:
            case packets.CONNACK:
                if packet.code >= 0x80:
                    raise ConnectionRefusedError
                self._out += packets.subscribe(1, topics.everything_for(self.name))
            case packets.SUBACK:
                self.connected = True
                self.send()
            case packets.PUBACK:
                self.refused += packet.code >= 0x80
            case packets.PUBLISH:
                if packet.mid:
                    self._out += packets.puback(packet.mid)
                if packet.topic == topics.ack(self.name):
                    self._acknowledge(read(Ack, packet.payload), now)

    def _acknowledge(self, ack: Ack, now: float) -> None:
        if ack.stream != self.stream:
            return
        for first, last in ack.ranges:
            for seq in range(first, last + 1):
                row = self._under_way.pop(seq, None)
                if row is not None:
                    self._stored(now - row[1])
        self.send()

    def _event(self, incident: str, camera: int, rev: int, wall_s: float) -> bytes:
        moment = datetime.fromtimestamp(wall_s, tz=UTC).isoformat()
        data: dict[str, object] = {
            "id": incident,
            "rev": rev,
            "phase": "opened" if rev == 1 else "closed",
            "kind": "intrusion",
            "severity": "urgent",
            "camera": f"cam-{camera}",
            "camera_name": f"村口{camera}",
            "village": f"模拟村 {self.name[-4:]}",
            "grid": "330102001001",
            "zone": "pond",
            "zone_name": "鱼塘",
            "label": "person",
            "score": 0.91,
            "dwell_s": 3.2,
            "box": [0.31, 0.22, 0.44, 0.71],
            "opened_at": moment,
            "seen_at": moment,
        }
        if rev > 1:
            data["closed_at"] = moment
        envelope = {
            "specversion": "1.0",
            "id": uuid7(wall_s, self._chance.getrandbits),
            "source": f"/t/simulated/h/{self.name}",
            "type": "cn.village.incident.v1",
            "time": moment,
            "stream": self.stream,
            "seq": self.made,
            "bootid": "simulated",
            "monoms": int(wall_s * 1000),
            "clocktrusted": True,
            "data": data,
        }
        return json.dumps(envelope, ensure_ascii=False).encode()
