"""The kinds of incidents as data: how bad, what they need, and what other systems call them.

`onvif_topic` is the topic below `tns1:` of an ONVIF event; `gb_method` and `gb_type` are
AlarmMethod and AlarmType of a GB/T 28181 alarm (5 video, 2 device). Where the standard has no
code, as for fire, the type is None and the description must say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vision.detections import LABELS

Severity = Literal["life_safety", "urgent", "notice"]

MOVERS = ("person", "vehicle", "two-wheeler")
WHEELED = ("vehicle", "two-wheeler")
_VIDEO, _DEVICE, _FAULT = 5, 2, 6


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of incident.

    Attributes:
        name: As on the wire and in the settings.
        severity: How bad it is where the owner did not say.
        allowed: Labels that a rule of this kind can mean; empty where no rule or no detector
            makes it.
        labels: Labels it watches where the owner did not say.
        dwell_s: Seconds it must last where the owner did not say.
        needs_line: A line must be drawn.
        needs_limit: A number must be given that may not be exceeded.
        needs_direction: The allowed direction must be given.
        own_label: What its incidents are labelled; for rules that judge the picture itself and
            need no detector. Empty where they tell of objects a detector found.
        experimental: Not yet proven on footage of villages; pages should say so.
    """

    name: str
    severity: Severity
    onvif_topic: str
    gb_method: int
    gb_type: int | None
    allowed: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    dwell_s: float = 1.5
    needs_line: bool = False
    needs_limit: bool = False
    needs_direction: bool = False
    own_label: str = ""
    experimental: bool = False


_RULE = "RuleEngine/"
_OBJECT = "RuleEngine/ObjectDetection/Object"
_SCENE = "VideoSource/GlobalSceneChange/AnalyticsService"

_RULES = (
    Kind(
        *("intrusion", "urgent", f"{_RULE}FieldDetector/ObjectsInside", _VIDEO, 6),
        allowed=LABELS,
        labels=("person", "vehicle"),
    ),
    Kind(
        *("line_crossing", "urgent", f"{_RULE}LineDetector/Crossed", _VIDEO, 5),
        allowed=MOVERS,
        labels=("person", "vehicle"),
        dwell_s=0.0,
        needs_line=True,
    ),
    Kind(
        *("loitering", "urgent", f"{_RULE}LoiteringDetector/ObjectIsLoitering", _VIDEO, 8),
        allowed=MOVERS,
        labels=("person",),
        dwell_s=60.0,
    ),
    Kind(
        *("over_capacity", "urgent", f"{_RULE}CountAggregation/OccupancyCounter", _VIDEO, 10),
        allowed=("person",),
        labels=("person",),
        dwell_s=10.0,
        needs_limit=True,
    ),
    Kind(
        *("forbidden_vehicle", "urgent", f"{_RULE}FieldDetector/ObjectsInside", _VIDEO, 6),
        allowed=WHEELED,
        labels=("vehicle",),
        dwell_s=1.0,
    ),
    Kind(
        *("obstruction", "notice", f"{_RULE}LoiteringDetector/ObjectIsLoitering", _VIDEO, 8),
        allowed=WHEELED,
        labels=("vehicle",),
        dwell_s=120.0,
    ),
    Kind(
        *("wrong_way", "urgent", f"{_RULE}LineDetector/Crossed", _VIDEO, 7),
        allowed=MOVERS,
        labels=WHEELED,
        dwell_s=0.8,
        needs_direction=True,
    ),
    Kind(
        *("person_down", "urgent", f"{_RULE}FieldDetector/ObjectsInside", _VIDEO, 6),
        allowed=("person",),
        labels=("person",),
        dwell_s=10.0,
        experimental=True,
    ),
    Kind(
        *("fire", "life_safety", _OBJECT, _VIDEO, None),
        allowed=("fire",),
        labels=("fire",),
        dwell_s=1.0,
    ),
    Kind(
        *("smoke", "life_safety", _OBJECT, _VIDEO, None),
        allowed=("smoke",),
        labels=("smoke",),
        dwell_s=10.0,
        experimental=True,
    ),
    Kind(
        *("left_object", "notice", f"{_RULE}ObjectAbandoned", _VIDEO, 3),
        dwell_s=60.0,
        own_label="object",
    ),
    Kind(
        *("water_level", "life_safety", f"{_RULE}FieldDetector/ObjectsInside", _VIDEO, 1),
        dwell_s=20.0,
        needs_line=True,
        own_label="water",
        experimental=True,
    ),
)

_OTHERS = (
    Kind("camera_covered", "notice", _SCENE, _DEVICE, 2),
    Kind("camera_moved", "notice", _SCENE, _DEVICE, 2),
    Kind("camera_defocused", "notice", "VideoSource/ImageTooBlurry/AnalyticsService", _VIDEO, 11),
    Kind("camera_frozen", "notice", "VideoSource/SignalLoss", _VIDEO, 11),
    Kind("camera_dark", "notice", "VideoSource/ImageTooDark/AnalyticsService", _VIDEO, 11),
    Kind("camera_glare", "notice", "VideoSource/ImageTooBright/AnalyticsService", _VIDEO, 11),
    Kind("camera_clock", "notice", "Device/HardwareFailure/ClockFailure", _FAULT, None),
    Kind("camera_lost", "notice", "VideoSource/SignalLoss", _DEVICE, 1),
    Kind("disk_full", "notice", "Device/HardwareFailure/StorageFailure", _DEVICE, 3),
    Kind("store_fault", "notice", "Device/HardwareFailure/StorageFailure", _FAULT, 1),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*_RULES, *_OTHERS)}
"""Every kind by its name; those with `allowed` labels or an own one are made by rules."""
