"""What a vision worker is told to watch: plain data that crosses a process boundary as JSON.

Coordinates of polygons are fractions of the picture, 0..1, x to the right and y down, so that a
zone drawn on the sub-stream fits the main stream.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from vision.tuning import UNTUNED, Tuning

Point = tuple[float, float]
Polygon = tuple[Point, ...]
Line = tuple[Point, Point]


def _polygon(raw: Any) -> Polygon:
    return tuple((float(x), float(y)) for x, y in raw)


@dataclass(frozen=True, slots=True)
class ZoneSpec:
    """A named piece of the picture.

    Attributes:
        priority: Added to that of the camera while something moves or is followed in it; what
            moves there is looked at before what moves elsewhere.
    """

    id: str
    name: str
    polygon: Polygon
    priority: int = 0


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule on one zone.

    Attributes:
        kind: Name of a registered rule, for example `intrusion`.
        zone: Id of the zone; empty for the whole picture.
        labels: The object labels that count, for example `("person", "vehicle")`.
        dwell_s: An object must have stayed this long before an incident opens.
        clear_s: The zone must have been empty this long before the incident closes.
        line: Two points of the picture, for rules that need one.
        direction: Which crossings count: `both`, `left_to_right` or `right_to_left`, as seen by
            somebody who stands on the first point of the line and looks at the second.
        limit: How many are still allowed, for rules that count; 0 means none was given.
        direction_deg: The allowed way in the picture, degrees clockwise from up: 0 is up, 90 to
            the right, 180 down; None means none was given.
        id: Tells it from the other rules of its kind on the same zone: empty for the first of
            them, `2` for the second, …
    """

    kind: str
    zone: str = ""
    labels: tuple[str, ...] = ("person", "vehicle")
    dwell_s: float = 1.5
    clear_s: float = 2.0
    line: Line | None = None
    direction: str = "both"
    limit: int = 0
    direction_deg: float | None = None
    id: str = ""

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        known = {**raw, "labels": tuple(raw["labels"])}
        if raw.get("line") is not None:
            first, second = _polygon(raw["line"])
            known["line"] = (first, second)
        return cls(**known)


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One camera.

    Attributes:
        id: Stable id, `[a-z0-9-]`.
        name: What people call it.
        url: `rtsp://…` or a path of a video file.
        transport: RTSP over `tcp` or `udp`.
        loop: Files only: start again at the end (a camera never ends).
        looks_per_s: How often the detector looks at most.
        score: Detections below this score do not count; 0 takes the model's own threshold.
        privacy_masks: Polygons blacked out before anything else sees the frame.
        priority: 0 is the usual; a higher one keeps its looks longer where the box has not time
            enough for all cameras.
        tuning: What people told the box to care less about here.
        health: Tell when the camera itself fails: covered, moved, out of focus, frozen, …
    """

    id: str
    name: str
    url: str
    transport: str = "tcp"
    loop: bool = False
    looks_per_s: float = 5.0
    score: float = 0.0
    privacy_masks: tuple[Polygon, ...] = ()
    zones: tuple[ZoneSpec, ...] = ()
    rules: tuple[RuleSpec, ...] = ()
    health: bool = True
    priority: int = 0
    tuning: Tuning = UNTUNED

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        known = dict(raw)
        known["privacy_masks"] = tuple(_polygon(p) for p in raw.get("privacy_masks", ()))
        known["zones"] = tuple(
            ZoneSpec(z["id"], z["name"], _polygon(z["polygon"]), int(z.get("priority", 0)))
            for z in raw.get("zones", ())
        )
        known["rules"] = tuple(RuleSpec.from_json(r) for r in raw.get("rules", ()))
        known["tuning"] = Tuning.from_json(raw.get("tuning", {}))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """Whether and how clips of incidents are kept.

    Attributes:
        folder: Where they are written; empty: none are.
        before_s, after_s: Seconds before and after the moment an incident opens.
    """

    folder: str = ""
    before_s: float = 5.0
    after_s: float = 10.0


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What one worker process does.

    Attributes:
        worker: Name of the worker, for the log.
        model: Path of an ONNX detector; empty means the built-in one.
        extra_models: Further ones, likewise, that look at the same pictures.
        threads: Threads of one inference; 0: as measured best.
        capacity: File that remembers how the models run best here; empty: measured each time.
        heartbeat_s: How often the worker says that it lives.
        clips: Recordings of incidents.
        marks: Descriptor of the memory in which it marks whose stream it works on; -1: none.
    """

    worker: str
    cameras: tuple[CameraSpec, ...]
    model: str = ""
    threads: int = 1
    heartbeat_s: float = 1.0
    jpeg_quality: int = 80
    extra_models: tuple[str, ...] = ()
    capacity: str = ""
    clips: ClipSpec = ClipSpec()
    marks: int = -1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        known = dict(raw)
        known["cameras"] = tuple(CameraSpec.from_json(c) for c in raw["cameras"])
        known["extra_models"] = tuple(str(model) for model in raw.get("extra_models", ()))
        known["clips"] = ClipSpec(**raw.get("clips", {}))
        return cls(**known)
