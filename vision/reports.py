"""What a vision worker tells its supervisor, and how it crosses the pipe.

One message is a 4-byte length of a JSON header, a 4-byte length of a binary body (both big
endian), the header and the body. The header's `report` names the class below; the body is the
evidence JPEG of an incident (empty otherwise). The worker writes to the file descriptor it was
given, never to standard output, so that a chatty library cannot break the protocol. In the other
direction a `WorkerSpec` is sent as the first message; end of file asks the worker to stop.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from vision.errors import ProtocolError

LENGTHS = struct.Struct(">II")
MAX_HEADER = 1 << 20
MAX_BODY = 8 << 20


class CameraState(StrEnum):
    """How a camera is doing."""

    STARTING = "starting"
    WATCHING = "watching"
    DEGRADED = "degraded"
    LOST = "lost"


class Phase(StrEnum):
    """Where an incident is in its life."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """The worker has its model and starts its cameras.

    Attributes:
        looks_per_s: What its detector can do on this box, all cameras together; 0: not measured.
        cameras: Ids of those it watches; empty: all it was ever told of.
    """

    worker: str
    model: str
    labels: tuple[str, ...]
    looks_per_s: float = 0.0
    cameras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraReport:
    """A camera's state, sent when it changes and with each heartbeat.

    Attributes:
        fault: A `SourceFault` value while the camera is lost, else empty.
        detail: What the library said, passwords removed.
        fps_in: Frames a second that arrive, over the last seconds.
        looked_at_fps: Frames a second that the detector looked at.
        frames: Frames decoded since the worker started.
        looked: Frames analysed since the worker started.
        width, height: Pixels of the last frame; 0 before the first.
        retry_in_s: While lost: seconds until the next attempt.
        looked_every_s: Seconds between two looks, as it really was lately; 0: not known yet.
        gate: How much is decoded: `packets`, `keys`, `nonref` or `full`; empty: no gate.
        gate_why: The reason, as in `vision.gate.GateStatus`.
        clock_offset_s: Seconds by which the camera's clock is before this box's; None: it does
            not say.
    """

    camera: str
    state: CameraState
    fault: str = ""
    detail: str = ""
    fps_in: float = 0.0
    looked_at_fps: float = 0.0
    frames: int = 0
    looked: int = 0
    width: int = 0
    height: int = 0
    codec: str = ""
    retry_in_s: float = 0.0
    looked_every_s: float = 0.0
    gate: str = ""
    gate_why: str = ""
    clock_offset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The worker lives; with the state of each of its cameras.

    Attributes:
        mono_s: `time.monotonic()` of the worker's main loop.
        detect_ms: Mean milliseconds of one look of the detector, lately.
        dropped: Frames overwritten by newer ones before anybody looked, since the start.
    """

    worker: str
    mono_s: float
    cameras: tuple[CameraReport, ...]
    detect_ms: float = 0.0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """An incident opened, got better evidence, or closed.

    Attributes:
        key: The worker's own key of the incident, unique within the worker's life: the same in
            all phases of one incident.
        kind: Name of the rule that opened it.
        rule: Which of several rules of that kind on that zone, as in `RuleSpec.id`.
        zone, zone_name: Where; empty for the whole picture.
        label: What was seen, `person`, `vehicle`, …
        score: The best detector score so far, 0..1.
        explanation: Numbers for the sentence "person 0.82 in 水库东岸 for 4.2 s".
        box: The object in fractions of the picture, (left, top, right, bottom).
        frame_mono_s: `time.monotonic()` when the frame that decided was captured.
        first_mono_s: … when the object was first seen.
        jpeg: The evidence picture with the box drawn and masks applied; empty when unchanged.
    """

    key: str
    phase: Phase
    camera: str
    kind: str
    zone: str
    zone_name: str
    label: str
    score: float
    count: int
    dwell_s: float
    box: tuple[float, float, float, float]
    frame_mono_s: float
    first_mono_s: float
    jpeg: bytes = b""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class SeenObject:
    """One object that is being followed.

    Attributes:
        score: The median of its latest scores, 0..1.
        box: Fractions of the picture, (left, top, right, bottom).
        seen: Found in this look; else it is only known not to have left.
        lasted_s: Since it was first seen.
    """

    label: str
    score: float
    box: tuple[float, float, float, float]
    seen: bool
    lasted_s: float


@dataclass(frozen=True, slots=True)
class SightReport:
    """What the box saw at one look; sent when the hub asks for it.

    Attributes:
        mono_s: When the frame was captured.
        width, height: Pixels of the frame.
        regions: What moved, fractions of the picture.
        time_in_motion: Part of the time in which anything moved, 0..1.
        watched_s: Seconds on which that stands.
        columns, shares: Percent of the time in which each cell moved, row by row.
        jpeg: The frame, masks applied, at most 28 KB; empty if it could not be written.
    """

    camera: str
    mono_s: float
    width: int
    height: int
    objects: tuple[SeenObject, ...] = ()
    regions: tuple[tuple[float, float, float, float], ...] = ()
    time_in_motion: float = 0.0
    watched_s: float = 0.0
    columns: int = 0
    shares: tuple[int, ...] = ()
    jpeg: bytes = b""


@dataclass(frozen=True, slots=True)
class ClipReport:
    """A clip of one or more incidents is on the disk, or cannot be had.

    Attributes:
        keys: Of the incidents, as in `IncidentReport.key`.
        sha256: The file's; empty if there is none.
        size: Bytes.
        seconds: How long it plays.
        masked: Drawn anew with the privacy masks, smaller and with fewer pictures.
        problem: Why there is none, in a sentence.
    """

    camera: str
    keys: tuple[str, ...]
    sha256: str = ""
    size: int = 0
    seconds: float = 0.0
    masked: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WorkerFault:
    """The worker cannot do its work, or a part of it, and says why.

    Attributes:
        what: `model` or `internal`: it leaves. `rule`: it goes on without that rule, or without
            the camera whose mask cannot be drawn.
    """

    worker: str
    what: str
    sentence: str


Report = (
    WorkerReady | CameraReport | Heartbeat | IncidentReport | SightReport | ClipReport | WorkerFault
)


def encode(header: dict[str, Any], body: bytes = b"") -> bytes:
    """Frame one message.

    Raises:
        ProtocolError: Header or body is larger than the other side would accept.
    """
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > MAX_HEADER or len(body) > MAX_BODY:
        raise ProtocolError("A message between worker and hub is too large.")
    return LENGTHS.pack(len(text), len(body)) + text + body


def lengths(prefix: bytes) -> tuple[int, int]:
    """Read the eight-byte prefix: bytes of the header, bytes of the body.

    Raises:
        ProtocolError: The lengths cannot be right, so the stream is out of step.
    """
    header, body = LENGTHS.unpack(prefix)
    if header > MAX_HEADER or body > MAX_BODY or header == 0:
        raise ProtocolError("The worker's stream is out of step.")
    return header, body


def report_to_message(report: Report) -> bytes:
    """Frame a report for the pipe."""
    raw = asdict(report)
    jpeg = raw.pop("jpeg", b"")
    return encode({"report": type(report).__name__, **raw}, jpeg)


def report_from_message(header: bytes, body: bytes) -> Report:  # noqa: PLR0911 - one for each
    """Read a report from the pipe.

    Raises:
        ProtocolError: The header is not a report this version knows.
    """
    try:
        raw = json.loads(header)
        name = raw.pop("report")
        match name:
            case "WorkerReady":
                cameras = tuple(raw.get("cameras", ()))
                return WorkerReady(**{**raw, "labels": tuple(raw["labels"]), "cameras": cameras})
            case "CameraReport":
                return _camera(raw)
            case "Heartbeat":
                return Heartbeat(**{**raw, "cameras": tuple(_camera(c) for c in raw["cameras"])})
            case "IncidentReport":
                left, top, right, bottom = raw.pop("box")
                phase = Phase(raw.pop("phase"))
                return IncidentReport(**raw, phase=phase, box=(left, top, right, bottom), jpeg=body)
            case "SightReport":
                return _sight(raw, body)
            case "ClipReport":
                return ClipReport(**{**raw, "keys": tuple(str(key) for key in raw["keys"])})
            case "WorkerFault":
                return WorkerFault(**raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"A report of the worker cannot be read: {error}") from error
    raise ProtocolError(f"The worker sent an unknown report {name!r}.")


def _sight(raw: dict[str, Any], jpeg: bytes) -> SightReport:
    objects = tuple(SeenObject(**{**one, "box": tuple(one["box"])}) for one in raw["objects"])
    regions = tuple((left, top, right, bottom) for left, top, right, bottom in raw["regions"])
    shares = tuple(int(share) for share in raw["shares"])
    return SightReport(
        **{**raw, "objects": objects, "regions": regions, "shares": shares}, jpeg=jpeg
    )


def _camera(raw: dict[str, Any]) -> CameraReport:
    return CameraReport(**{**raw, "state": CameraState(raw["state"])})
