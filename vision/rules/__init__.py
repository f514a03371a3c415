"""Rules: when what is seen is an incident. A new kind is a file here and a line below."""

from __future__ import annotations

from collections.abc import Mapping

from vision.detections import LABELS
from vision.errors import RuleError
from vision.rules.fire import Fire
from vision.rules.forbidden_vehicle import ForbiddenVehicle
from vision.rules.intrusion import Intrusion
from vision.rules.kinds import KINDS, Kind
from vision.rules.left_object import LeftObject
from vision.rules.line_crossing import LineCrossing
from vision.rules.loitering import Loitering
from vision.rules.obstruction import Obstruction
from vision.rules.over_capacity import OverCapacity
from vision.rules.person_down import PersonDown
from vision.rules.rule import Finding, Rule, RuleFactory, Scene
from vision.rules.smoke import Smoke
from vision.rules.water_level import WaterLevel
from vision.rules.wrong_way import WrongWay
from vision.settings import CameraSpec, RuleSpec
from vision.zones import WHOLE_PICTURE, Zone

__all__ = ["KINDS", "RULES", "Finding", "Kind", "Rule", "Scene", "build_rule"]

RULES: Mapping[str, RuleFactory] = {
    "intrusion": Intrusion,
    "line_crossing": LineCrossing,
    "loitering": Loitering,
    "over_capacity": OverCapacity,
    "forbidden_vehicle": ForbiddenVehicle,
    "obstruction": Obstruction,
    "wrong_way": WrongWay,
    "person_down": PersonDown,
    "fire": Fire,
    "smoke": Smoke,
    "left_object": LeftObject,
    "water_level": WaterLevel,
}


def build_rule(spec: RuleSpec, camera: CameraSpec) -> tuple[Rule, Zone]:
    """The rule and the zone it watches.

    Raises:
        RuleError: Its kind, zone or labels are not known, the labels mean nothing to the kind, the
            zone or line is not drawable, or a line, limit or direction is missing.
    """
    if spec.kind not in RULES:
        raise RuleError(
            f"Camera {camera.name!r} asks for the rule {spec.kind!r}, which does not exist. "
            f"Known rules are {', '.join(RULES)}."
        )
    _check_labels(spec, camera)
    zones = {zone.id: zone for zone in camera.zones} | {"": WHOLE_PICTURE}
    if spec.zone not in zones:
        raise RuleError(
            f"The rule {spec.kind!r} of camera {camera.name!r} names the zone {spec.zone!r}, "
            "which is not drawn on it. Draw the zone or correct the name."
        )
    zone = Zone(zones[spec.zone])
    try:
        return RULES[spec.kind](spec, zone), zone
    except RuleError as error:
        raise RuleError(f"Camera {camera.name!r}: {error}") from error


def _check_labels(spec: RuleSpec, camera: CameraSpec) -> None:
    kind = KINDS.get(spec.kind)
    if kind is not None and kind.own_label:
        return
    allowed = kind.allowed if kind else LABELS
    unknown = set(spec.labels) - set(LABELS)
    if unknown or not spec.labels:
        raise RuleError(
            f"The rule {spec.kind!r} of camera {camera.name!r} asks for "
            f"{', '.join(sorted(unknown)) or 'nothing'}. Labels are {', '.join(LABELS)}."
        )
    if useless := set(spec.labels) - set(allowed):
        raise RuleError(
            f"The rule {spec.kind!r} of camera {camera.name!r} asks for "
            f"{', '.join(sorted(useless))}, which it never means. "
            f"Labels for it are {', '.join(allowed)}."
        )
