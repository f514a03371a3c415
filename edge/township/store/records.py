"""What the pages and the command line get to see of the store, as plain records.

Times are Unix seconds in UTC; a trailing `_at` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

RANKS = {"life_safety": 0, "urgent": 1, "notice": 2}
"""Order of severity: the smaller comes first."""

RECEIVED = "received"
ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class Alert:
    """One incident of one hub, at its newest revision, and who took it here.

    Attributes:
        hub, id: Together the key; ids of different hubs never touch each other.
        phase: `opened`, `updated` or `closed`, as the hub said.
        stored_at: When its first revision was committed here.
        clock_trusted: Whether the hub believed its clock; otherwise only `stored_at` counts.
        state: `received` or `acknowledged`; the township's own, never the hub's.
        picture: SHA-256 of its newest evidence, empty if none came yet.
    """

    hub: str
    id: str
    rev: int
    phase: str
    kind: str
    severity: str
    camera: str
    camera_name: str
    village: str
    grid: str
    zone: str
    zone_name: str
    label: str
    score: float
    count: int
    dwell_s: float
    box: str
    opened_at: float
    seen_at: float
    closed_at: float | None
    drill: bool
    clock_trusted: bool
    stored_at: float
    state: str
    acknowledged_by: str
    acknowledged_at: float | None
    picture: str = ""

    @property
    def closed(self) -> bool:
        """Nothing is left to do: over at the place and taken by somebody here."""
        return self.phase == "closed" and self.state != RECEIVED


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One line in the history of an alert: a revision of the hub, or what a person did."""

    what: str
    who: str
    at: float
    rev: int | None
    note: str
    data: str


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as its hub last described it; width and height in pixels, 0 if never seen."""

    id: str
    name: str
    state: str
    fault: str = ""
    fps_in: float = 0.0
    looked_at_fps: float = 0.0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Hub:
    """A village's box as last heard.

    Attributes:
        state: `online`, `offline`, `degraded`, or empty while it never said.
        last_seen: When it last spoke itself (a will is not speaking); None if never.
        queued, oldest_age_s: Rows that wait on the hub and the age of the oldest.
        problem: The newest broken rule of the contract, empty if none.
    """

    id: str
    village: str
    grid: str
    version: str
    model: str
    state: str
    boot: int
    stream: str
    last_seen: float | None
    state_at: float | None
    queued: int
    oldest_age_s: float
    cameras: tuple[Camera, ...]
    speakers: tuple[str, ...]
    faults: tuple[str, ...]
    disk_free_mb: int
    clock_trusted: bool
    problem: str
    problem_at: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows of a hub that should be here and are not, `first_seq..last_seq`.

    Attributes:
        state: `before` (older than our memory of this hub), `missing`, `expired` (the hub said
            so) or `filled`.
    """

    hub: str
    stream: str
    first_seq: int
    last_seq: int
    state: str
    type: str
    count: int
    noticed_at: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """Newest state of an announcement on one loudspeaker."""

    hub: str
    announcement: str
    speaker: str
    state: str
    text: str
    seconds: float
    reason: str
    proof: str
    incident: str
    command: str
    drill: bool
    at: float
    stored_at: float


@dataclass(frozen=True, slots=True)
class Order:
    """An order to a hub and the answer it got.

    Attributes:
        state: `queued`, `sent`, `accepted`, `done`, `refused`, `expired` or `failed`.
        sentence: The hub's words, or ours when it was never delivered.
        message: The signed command as it goes on the wire.
    """

    id: str
    hub: str
    name: str
    issuer: str
    data: str
    message: str
    state: str
    sentence: str
    issued_at: float
    expires_at: float
    answered_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to what, and when.

    Attributes:
        id: Place in the log, for paging.
        number: Place in the chain; 0 for lines from before there was one.
    """

    at: float
    who: str
    action: str
    target: str
    id: int = 0
    number: int = 0
