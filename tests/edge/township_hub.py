"""A village's hub as the township's tests need it: it writes rows and hands them over as bytes."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge.clock import SimulatedClock
from edge.events import Bus
from edge.link import topics
from edge.link.connection import Address, Arrived
from edge.link.messages import (
    EVENT_TOPICS,
    Birth,
    CameraStatus,
    Envelope,
    HubHeartbeat,
    HubState,
    Reply,
    Window,
)
from edge.link.township import Received, Stored, TownshipLink, TownshipLinkSettings
from edge.township.ingest import Counts, Ingest, Repair, Resync
from edge.township.store import Store

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJ"
    "DRENDg8QEBEQCgwSExIQEw8QEBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k="
)


@cache
def _made_once() -> bytes:
    with TemporaryDirectory() as folder:
        Store(f"sqlite:///{folder}/township.db", SimulatedClock()).close()
        return (Path(folder) / "township.db").read_bytes()


def fresh_database(folder: Path) -> str:
    """URL of an empty database whose tables are there already; saves each test the migrations."""
    file = folder / "township.db"
    file.write_bytes(_made_once())
    return f"sqlite:///{file}"


@dataclass(frozen=True)
class Bytes:
    """One message on the wire."""

    topic: str
    payload: bytes


def uid(number: int) -> str:
    return str(uuid.UUID(int=(7 << 76) | (2 << 62) | number))


@dataclass
class FakeHub:
    """Counts its rows like a real outbox and keeps them, so that they can be sent again."""

    id: str = "lin-jia-cun"
    stream: str = uid(0xA1)
    boot: int = 1
    village: str = "林家村"
    rows: list[Bytes] = field(default_factory=list)

    def row(self, type_: str, data: dict[str, Any], *, name: str | None = None) -> Bytes:
        seq = len(self.rows) + 1
        envelope = Envelope(
            id=uid(hash((self.stream, seq)) & 0xFFFFFFFFFFFF),
            source=f"/t/qingshui-zhen/h/{self.id}",
            type=type_,
            time=NOON + timedelta(seconds=seq),
            stream=self.stream,
            seq=seq,
            clocktrusted=True,
            data=data,
        )
        topic = topics.from_hub(self.id, name or EVENT_TOPICS.get(type_, "evt/incident"))
        self.rows.append(Bytes(topic, envelope.to_bytes()))
        return self.rows[-1]

    def incident(self, incident: str, rev: int, phase: str = "", /, **more: Any) -> Bytes:
        phase = phase or ("opened" if rev == 1 else "updated")
        seen = NOON + timedelta(seconds=rev)
        data = {
            "id": incident,
            "rev": rev,
            "phase": phase,
            "kind": "intrusion",
            "severity": "urgent",
            "camera": "reservoir-east",
            "camera_name": "水库东岸",
            "village": self.village,
            "grid": "330100-07",
            "zone": "deep-water",
            "zone_name": "深水区",
            "label": "person",
            "score": 0.82,
            "count": rev,
            "dwell_s": 4.2,
            "box": [0.1, 0.2, 0.3, 0.4],
            "opened_at": NOON.isoformat(),
            "seen_at": seen.isoformat(),
        } | more
        if phase == "closed":
            data["closed_at"] = seen.isoformat()
        return self.row("cn.village.incident.v1", data)

    def evidence(self, incident: str, sha256: str = "ab" * 32, jpeg: bytes = JPEG) -> Bytes:
        thumbnail = base64.b64encode(jpeg).decode()
        data = {"incident": incident, "sha256": sha256, "size": 90000, "thumbnail": thumbnail}
        return self.row("cn.village.evidence.v1", data)

    def receipt(self, announcement: str, state: str, **more: Any) -> Bytes:
        data = {
            "announcement": announcement,
            "speaker": "square",
            "state": state,
            "text": "请不要靠近水边。",
        } | more
        return self.row("cn.village.speaker.v1", data)

    def window(self, oldest: int, next_seq: int | None = None, age_s: float = 0.0) -> Window:
        next_seq = next_seq or len(self.rows) + 1
        return Window(
            stream=self.stream,
            oldest=oldest,
            next_seq=next_seq,
            queued=next_seq - oldest,
            oldest_age_s=age_s,
        )

    def birth(self, **more: Any) -> Bytes:
        oldest = more.pop("oldest", 1)
        return Bytes(
            topics.from_hub(self.id, topics.BIRTH),
            Birth(
                **{
                    "boot": self.boot,
                    "stream": self.stream,
                    "version": "0.1.0",
                    "village": self.village,
                    "cameras": self.cameras(),
                    "speakers": ("square",),
                    "window": self.window(oldest),
                    "time": NOON,
                    "clocktrusted": True,
                    **more,
                }
            ).to_bytes(),
        )

    def cameras(self) -> tuple[CameraStatus, ...]:
        return (
            CameraStatus(id="reservoir-east", name="水库东岸", state="watching", fps_in=25),
            CameraStatus(id="gate", name="村口", state="lost", fault="no_route"),
        )

    def heartbeat(
        self, oldest: int, *, next_seq: int | None = None, age_s: float = 0.0, **more: Any
    ) -> Bytes:
        return Bytes(
            topics.from_hub(self.id, topics.HEARTBEAT),
            HubHeartbeat(
                **{
                    "boot": self.boot,
                    "window": self.window(oldest, next_seq, age_s),
                    "cameras": self.cameras(),
                    "time": NOON,
                    "clocktrusted": True,
                    **more,
                }
            ).to_bytes(),
        )

    def state(self, s: str, *, boot: int | None = None) -> Bytes:
        said = HubState(s=s, boot=boot or self.boot, stream=self.stream, time=NOON)  # type: ignore[arg-type]
        return Bytes(topics.from_hub(self.id, topics.STATE), said.to_bytes())

    def reply(self, command: str, outcome: str, sentence: str = "") -> Bytes:
        said = Reply(command=command, outcome=outcome, sentence=sentence, time=NOON)  # type: ignore[arg-type]
        return Bytes(topics.reply(self.id, command), said.to_bytes())


class Post:
    """Carries bytes to the township as its link would, without a broker."""

    def __init__(self, store: Store, clock: SimulatedClock, bus: Bus | None = None) -> None:
        self._wishes: list[Resync] = []
        self.repairs: list[Repair] = []
        self.ingest = Ingest(
            store, bus or Bus(), clock, on_resync=self._wishes.append, on_repair=self.repairs.append
        )
        settings = TownshipLinkSettings(Address("127.0.0.1"), "qingshui-zhen")
        self._link = TownshipLink(
            settings, self.ingest, clock=clock, listeners=self.ingest.listeners()
        )

    @property
    def counts(self) -> Counts:
        return self.ingest.counts

    @property
    def refused(self) -> int:
        """Messages that left nothing but a count."""
        return self._link.status().refused

    def store_batch(self, messages: list[Bytes]) -> tuple[list[Stored], list[Resync]]:
        """Deliver in order, neighbouring events as one batch.

        Returns:
            What may be acknowledged, and who is asked to send again.
        """
        kept: list[Stored] = []
        events: list[Received] = []
        for message in messages:
            arrived = Arrived(message.topic, message.payload, False, None, 0.0, lambda: None)
            if "/evt/" in message.topic:
                events.append(self._link._parse(arrived))
                continue
            kept += self.ingest(events)
            events = []
            self._link._tell(arrived)
        kept += self.ingest(events)
        wishes = list(self._wishes)
        self._wishes.clear()
        return kept, wishes
