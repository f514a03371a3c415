"""Every message on the wire, as pydantic models; JSON Schema and AsyncAPI are made from them.

Names of envelope attributes follow CloudEvents 1.0 (JSON structured mode). Unknown fields are
ignored, so that a newer hub can speak to an older township; an unknown major version is stored
raw, acknowledged and flagged. Times on the wire are RFC 3339 in UTC with `Z`. Fractions of the
picture are 0..1, x to the right and y down.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from edge.errors import MessageRefused

MAX_MESSAGE_BYTES = 64 * 1024
MAX_ALERT_BYTES = 1024
MAX_THUMBNAIL_BYTES = 30 * 1024
MAX_CHUNK_BYTES = 32 * 1024

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
Uuid = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
Fraction = Annotated[float, Field(ge=0, le=1)]
Sequence = Annotated[int, Field(ge=1, lt=2**53)]
ShortText = Annotated[str, Field(max_length=80)]
Sentence = Annotated[str, Field(max_length=500)]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

Severity = Literal["life_safety", "urgent", "notice"]
"""生命安全 · 紧急 · 一般: red, orange and blue on the pages."""


class Message(BaseModel):
    """What every model on the wire shares."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def to_bytes(self) -> bytes:
        """Compact UTF-8 JSON; absent optional fields are left out."""
        return self.model_dump_json(exclude_none=True).encode()


class IncidentEvent(Message):
    """An incident as the hub knows it; the township applies it when `rev` is newer.

    `evt/incident`, QoS 1, by outbox. At most 1 KB, so it always goes first.
    """

    id: Uuid
    rev: Annotated[int, Field(ge=1)]
    phase: Literal["opened", "updated", "closed"]
    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]
    severity: Severity
    camera: Id
    camera_name: ShortText
    village: ShortText = ""
    grid: Annotated[str, Field(max_length=32)] = ""
    zone: Annotated[str, Field(max_length=48)] = ""
    zone_name: ShortText = ""
    label: Annotated[str, Field(max_length=32)] = ""
    score: Fraction = 0.0
    count: Annotated[int, Field(ge=0)] = 1
    dwell_s: Annotated[float, Field(ge=0)] = 0.0
    box: tuple[Fraction, Fraction, Fraction, Fraction] | None = None
    opened_at: AwareDatetime
    seen_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    drill: bool = False


class EvidenceEvent(Message):
    """A picture of an incident: a thumbnail inline; the original stays on the hub.

    `evt/evidence`, QoS 1, by outbox, after every alert that waits.
    """

    incident: Uuid
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1)]
    media_type: Literal["image/jpeg"] = "image/jpeg"
    thumbnail: Annotated[str, Field(max_length=MAX_THUMBNAIL_BYTES * 4 // 3 + 4)]
    """Base64 of a JPEG of at most 30 KB."""


class SpeakerEvent(Message):
    """A receipt: what became of an announcement on one loudspeaker.

    `evt/speaker`, QoS 1, by outbox.
    """

    announcement: Annotated[str, Field(max_length=64)]
    incident: Uuid | None = None
    command: Uuid | None = None
    speaker: Annotated[str, Field(max_length=48)]
    state: Literal["queued", "started", "finished", "interrupted", "cancelled", "missed", "failed"]
    text: Sentence = ""
    seconds: Annotated[float, Field(ge=0)] = 0.0
    reason: Sentence = ""
    proof: Annotated[str, Field(max_length=80)] = "none"
    drill: bool = False


class ExpiredEvent(Message):
    """Rows that waited too long were dropped; the township learns how many and of what kind.

    `evt/expired`, QoS 1, by outbox.
    """

    type: str
    count: Annotated[int, Field(ge=1)]
    first_seq: Sequence
    last_seq: Sequence
    reason: Literal["expired", "superseded", "full"] = "expired"
    ranges: Annotated[tuple[tuple[Sequence, Sequence], ...], Field(max_length=256)] = ()
    """The exact numbers, as inclusive pairs; numbers of earlier notices may be among them."""
    since_s: float = 0.0
    until_s: float = 0.0
    """When the first and the last of them were written, in Unix seconds by the hub's clock."""


class DigestEvent(Message):
    """Once a day: what the township should have, so that silent loss is seen.

    `evt/digest`, QoS 1, by outbox. `sha256` is over lines `number:id` of the events that were
    acknowledged, in the order of their numbers.
    """

    day: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    first_seq: Sequence
    last_seq: Sequence
    count: Annotated[int, Field(ge=0)]
    sha256: Sha256


class ClockEvent(Message):
    """The clock of a boot was wrong and is known now: wall = monotonic + offset.

    `evt/clock`, QoS 1, by outbox. The township corrects what it stored of that boot.
    """

    bootid: Annotated[str, Field(min_length=1, max_length=64)]
    offset_s: Annotated[float, Field(allow_inf_nan=False)]


class Envelope(Message):
    """What surrounds every event of the outbox; its key is (hub, stream, seq).

    `time` is the hub's wall clock when the row was written, `bootid` and `monoms` say when it
    really was even if that clock was wrong, and `clocktrusted` whether it was believed.
    """

    specversion: Literal["1.0"] = "1.0"
    id: Uuid
    source: Annotated[str, Field(pattern=r"^/t/[a-z0-9-]{1,48}/h/[a-z0-9-]{1,48}$")]
    type: Annotated[str, Field(pattern=r"^cn\.village\.[a-z_]+\.v[0-9]+$")]
    time: AwareDatetime
    stream: Uuid
    seq: Sequence
    bootid: str = ""
    monoms: int = 0
    clocktrusted: bool = False
    data: dict[str, object]

    @property
    def hub(self) -> str:
        return self.source.rsplit("/", 1)[1]


class Reply(Message):
    """Answer to a command on `rsp/{id}`: first `accepted` (or a refusal), then the end.

    The end also goes by outbox on `evt/answer`, so that it arrives whatever happens.
    """

    command: Uuid
    outcome: Literal["accepted", "done", "refused", "expired", "failed"]
    sentence: Sentence = ""
    time: AwareDatetime


EVENT_TYPES: dict[str, type[Message]] = {
    "cn.village.incident.v1": IncidentEvent,
    "cn.village.evidence.v1": EvidenceEvent,
    "cn.village.speaker.v1": SpeakerEvent,
    "cn.village.expired.v1": ExpiredEvent,
    "cn.village.digest.v1": DigestEvent,
    "cn.village.clock.v1": ClockEvent,
    "cn.village.answer.v1": Reply,
}
EVENT_TOPICS: dict[str, str] = {
    "cn.village.incident.v1": "evt/incident",
    "cn.village.evidence.v1": "evt/evidence",
    "cn.village.speaker.v1": "evt/speaker",
    "cn.village.expired.v1": "evt/expired",
    "cn.village.digest.v1": "evt/digest",
    "cn.village.clock.v1": "evt/clock",
    "cn.village.answer.v1": "evt/answer",
}


class Window(Message):
    """The outbox as numbers, so that holes can be seen: rows `oldest..next_seq-1` may be unsent."""

    stream: Uuid
    oldest: Sequence
    next_seq: Sequence
    queued: Annotated[int, Field(ge=0)]
    oldest_age_s: Annotated[float, Field(ge=0)] = 0.0


class HubState(Message):
    """`state`, retained; also the will. A will of an older boot never overrides a newer birth."""

    s: Literal["online", "offline", "degraded"]
    boot: Annotated[int, Field(ge=1)]
    stream: Uuid
    time: AwareDatetime


class CameraStatus(Message):
    """One camera in a birth or heartbeat."""

    id: Id
    name: ShortText
    state: Literal["starting", "watching", "degraded", "lost"]
    fault: Annotated[str, Field(max_length=32)] = ""
    fps_in: Annotated[float, Field(ge=0)] = 0.0
    looked_at_fps: Annotated[float, Field(ge=0)] = 0.0
    width: Annotated[int, Field(ge=0, le=65535)] = 0
    height: Annotated[int, Field(ge=0, le=65535)] = 0
    """Pixels of its picture; 0 before the first one came."""


class Capacity(Message):
    """What the machine of a hub has."""

    cores: Annotated[int, Field(ge=0)] = 0
    memory_mb: Annotated[int, Field(ge=0)] = 0
    disk_mb: Annotated[int, Field(ge=0)] = 0
    cameras: Annotated[int, Field(ge=0)] = 0
    """Cameras in its settings, those that are switched off included."""


class DataBudget(Message):
    """Bytes of today on a metered link."""

    day: Annotated[str, Field(max_length=10)] = ""
    spent: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0)] = 0


class Birth(Message):
    """`birth`, QoS 1, after each connection: who we are and what is connected to us."""

    boot: Annotated[int, Field(ge=1)]
    stream: Uuid
    version: str
    village: ShortText
    grid: Annotated[str, Field(max_length=32)] = ""
    model: ShortText = ""
    cameras: tuple[CameraStatus, ...] = ()
    speakers: tuple[str, ...] = ()
    models: tuple[ShortText, ...] = ()
    versions: dict[str, ShortText] = Field(default_factory=dict)
    """Versions by name: of the program's surroundings, for example `python` and `system`."""
    capacity: Capacity | None = None
    window: Window
    time: AwareDatetime
    clocktrusted: bool


class HubHeartbeat(Message):
    """`hb`, QoS 0, every 30 s: the sequence window and how the box is."""

    boot: Annotated[int, Field(ge=1)]
    window: Window
    cameras: tuple[CameraStatus, ...] = ()
    faults: tuple[Sentence, ...] = ()
    disk_free_mb: Annotated[int, Field(ge=0)] = 0
    budget: DataBudget | None = None
    time: AwareDatetime
    clocktrusted: bool


class Ack(Message):
    """The township has committed these rows; only now the hub may forget them.

    `ack`, QoS 1. `ranges` are inclusive pairs of sequence numbers of one stream.
    """

    stream: Uuid
    ranges: Annotated[tuple[tuple[Sequence, Sequence], ...], Field(min_length=1, max_length=256)]


class AnnounceOrder(Message):
    """What `cmd/announce` asks for."""

    text: Annotated[str, Field(min_length=1, max_length=500)]
    priority: Literal["official_emergency", "upper_level", "notice", "test"] = "notice"
    zone: Annotated[str, Field(max_length=48)] = ""
    chime: bool = True
    repeat: Annotated[int, Field(ge=1, le=5)] = 1
    drill: bool = False


class StopOrder(Message):
    """What `cmd/stop` asks for; without an id everything stops."""

    announcement: Annotated[str, Field(max_length=64)] | None = None


class ResyncOrder(Message):
    """What `cmd/resync` asks for: send every unacknowledged row from here again."""

    stream: Uuid
    from_seq: Sequence


class RepairOrder(Message):
    """What `cmd/repair` asks for: queue these acknowledged rows again, the township lost them."""

    stream: Uuid
    ranges: Annotated[tuple[tuple[Sequence, Sequence], ...], Field(min_length=1, max_length=256)]


class EvidenceOrder(Message):
    """What `cmd/evidence` asks for: let a picture or clip of an incident be fetched in pieces.

    The id of the order is the transfer of the `Pull` messages that follow.
    """

    incident: Uuid
    sha256: Sha256 | None = None
    """Of the picture; a clip is asked for by its incident, and each piece tells its hash."""
    kind: Literal["picture", "clip"] = "picture"


class ConfigOrder(Message):
    """What `cmd/config` asks for: the few settings a township may change; absent ones stay."""

    heartbeat_s: Annotated[float, Field(ge=5, le=600)] | None = None
    daily_mb: Annotated[int, Field(ge=0, le=100_000)] | None = None


class TalkOrder(Message):
    """What `cmd/talk` will ask for: an official speaks live to the village.

    A contract for later: hubs of this version refuse it with a sentence.
    """

    session: Uuid
    codec: Literal["opus", "pcma"] = "opus"
    zone: Annotated[str, Field(max_length=48)] = ""
    seconds: Annotated[int, Field(ge=1, le=300)] = 60


class FeedbackOrder(Message):
    """What `cmd/feedback` tells: what people found out about an incident, for the box to learn.

    `withdrawn` takes an earlier answer back: the case was opened again.
    """

    incident_id: Uuid
    verdict: Literal["false_alarm", "confirmed", "withdrawn"]
    reason: Annotated[str, Field(max_length=200)] = ""
    by: Annotated[str, Field(max_length=64)] = ""
    at: AwareDatetime


ORDERS: dict[str, type[Message]] = {
    "announce": AnnounceOrder,
    "stop": StopOrder,
    "resync": ResyncOrder,
    "repair": RepairOrder,
    "evidence": EvidenceOrder,
    "config": ConfigOrder,
    "talk": TalkOrder,
    "feedback": FeedbackOrder,
}
CommandName = Literal[
    "announce", "stop", "resync", "repair", "evidence", "config", "talk", "feedback"
]


class Command(Message):
    """An order to a hub: `cmd/{name}`, QoS 1.

    Orders that make sound carry `signature`: Ed25519 over `signed_bytes`, by the role key of the
    issuer, in base64. After `expires_at` the hub answers `expired` and does nothing. `id` is also
    the correlation of the replies; a repeated id gets the stored answer again.
    """

    id: Uuid
    name: CommandName
    hub: Id
    issuer: Annotated[str, Field(min_length=1, max_length=64)]
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    nonce: Annotated[str, Field(min_length=16, max_length=64)]
    data: dict[str, object]
    key: Annotated[str, Field(max_length=64)] = ""
    signature: Annotated[str, Field(max_length=128)] = ""

    def signed_bytes(self) -> bytes:
        """The canonical JSON that is signed: everything but the signature, keys sorted."""
        raw = self.model_dump(mode="json", exclude={"signature"})
        return json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class TimeOffer(Message):
    """`time`, QoS 0: the township's clock, offered to hubs that have no trusted one."""

    time: AwareDatetime
    clocktrusted: bool


class Pull(Message):
    """`pull`, QoS 1: the township wants the next piece of what an order let it fetch.

    Asked again after a while, so nothing is lost when a piece is; the hub keeps no state of it.
    """

    transfer: Uuid
    offset: Annotated[int, Field(ge=0, lt=2**40)]
    length: Annotated[int, Field(ge=1, le=MAX_CHUNK_BYTES)] = 16 * 1024


class Chunk(Message):
    """The first line of a message on `chunk/{transfer}`; the bytes follow after a line feed.

    An empty piece with `problem` says that the thing cannot be had any more.
    """

    offset: Annotated[int, Field(ge=0, lt=2**40)]
    size: Annotated[int, Field(ge=0, lt=2**40)]
    problem: Sentence = ""
    sha256: Sha256 | None = None
    """Of the whole; told by clips, whose hash the order did not name."""

    def framed(self, piece: bytes) -> bytes:
        """Header, line feed, bytes."""
        return self.to_bytes() + b"\n" + piece


class TownshipState(Message):
    """`vh1/t/{township}/state`, retained; also the will of the console."""

    s: Literal["online", "offline"]
    time: AwareDatetime


M = TypeVar("M", bound=Message)


def read(model: type[M], payload: bytes) -> M:
    """Parse hostile bytes into a message.

    Raises:
        MessageRefused: Too large or not what the contract says; the sentence names the field.
    """
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MessageRefused(f"A message of {len(payload)} bytes is larger than 64 KB.")
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise MessageRefused(
            f"A message {model.__name__} is wrong at {where}: {first['msg']}."
        ) from error
