"""What the memory of the box keeps, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from edge.clock import Stamp


class Lane(IntEnum):
    """Order of sending, smaller first: life safety before everything, pictures last."""

    LIFE_SAFETY = 0
    EMERGENCY_RECEIPT = 1
    INCIDENT = 2
    CAMERA_HEALTH = 3
    RECEIPT = 4
    THUMBNAIL = 5
    STATISTICS = 6


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """Something the township must learn; written in the transaction of what it tells about.

    Attributes:
        id: UUID of the event.
        type: CloudEvents type, for example `cn.village.incident.v1`.
        data: JSON object of the event, UTF-8.
        lane: Order of sending.
        expires_s: Seconds after which it is dropped and counted; None keeps it for ever.
    """

    id: str
    type: str
    data: bytes
    lane: Lane
    expires_s: float | None = None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An entry with its sequence number and the moment it was written."""

    seq: int
    entry: OutboxEntry
    created: Stamp


@dataclass(frozen=True, slots=True)
class OutboxWindow:
    """The outbox as numbers.

    Attributes:
        oldest: Smallest unacknowledged sequence number; `next_seq` when empty.
        next_seq: The number the next row will get.
        queued: Rows that wait.
        oldest_age_s: Monotonic age of the oldest row of this boot, wall age otherwise.
    """

    stream: str
    oldest: int
    next_seq: int
    queued: int
    oldest_age_s: float


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as the box remembers it; `rev` grows with every change.

    Attributes:
        kind: Rule that opened it, for example `intrusion`.
        severity: `life_safety`, `urgent` or `notice`.
        opened, seen: When it opened and when it was last seen.
        closed: When it closed; None while it is open.
        evidence: SHA-256 of the evidence JPEG; empty if there is none.
        sent: Whether the township acknowledged its newest revision.
        verdict: `` (not judged), `confirmed` or `false_alarm`, by village staff.
        rule: Tells rules of one kind on one zone apart; empty for the first of them.
        reason: Why it was a false alarm, one of `edge.tuning.REASONS`; empty where nobody said.
    """

    id: str
    rev: int
    kind: str
    severity: str
    camera: str
    camera_name: str
    zone: str
    zone_name: str
    label: str
    score: float
    count: int
    dwell_s: float
    box: tuple[float, float, float, float] | None
    opened: Stamp
    seen: Stamp
    closed: Stamp | None = None
    evidence: str = ""
    sent: bool = False
    verdict: str = ""
    rule: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClipRecord:
    """The recording of an incident.

    Attributes:
        sha256: Of the MP4 file; empty if there is none.
        size: Bytes.
        seconds: How long it plays.
        masked: Drawn anew with the privacy masks, smaller and with fewer pictures.
        problem: Why there is none, in a sentence.
    """

    incident: str
    sha256: str
    size: int
    seconds: float
    masked: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TuningRecord:
    """Something the box proposed to look less at, and what became of it.

    Attributes:
        kind: Of incident; empty for every kind, and for motion.
        what: `score`, `mask` or `motion`.
        score: The least score that counts, for `score`.
        polygon: What is ignored, fractions of the picture, else empty.
        evidence: What it would have suppressed when it was proposed.
        state: `proposed`, `accepted`, `refused` or `undone`.
        who: Decided; empty while nobody did.
    """

    id: str
    camera: str
    kind: str
    what: str
    score: float
    polygon: tuple[tuple[float, float], ...]
    evidence: Mapping[str, int | str]
    state: str
    who: str
    made: Stamp
    changed: Stamp


@dataclass(frozen=True, slots=True)
class PlayRecord:
    """One announcement on one speaker, with its newest state.

    Attributes:
        state: A `PlayState` value of broadcast, as text.
        source: `talkdown`, `township`, `staff` or `calendar`.
    """

    announcement: str
    speaker: str
    text: str
    priority: int
    source: str
    state: str
    requested: Stamp
    changed: Stamp
    incident: str = ""
    command: str = ""
    seconds: float = 0.0
    reason: str = ""
    proof: str = "none"


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """An order of the township and the answer it got; a replay gets the same answer."""

    id: str
    name: str
    issuer: str
    received: Stamp
    outcome: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, and when."""

    at: Stamp
    who: str
    action: str
    target: str = ""
    detail: dict[str, str] = field(default_factory=dict)
