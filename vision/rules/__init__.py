"""Rules: when what is seen is an incident. A new kind is a file here and a line below."""

from __future__ import annotations

from collections.abc import Mapping

from vision.detections import LABELS
from vision.errors import RuleError
from vision.rules.intrusion import Intrusion
from vision.rules.rule import Finding, Rule, RuleFactory, Scene
from vision.settings import CameraSpec, RuleSpec
from vision.zones import WHOLE_PICTURE, Zone

__all__ = ["RULES", "Finding", "Rule", "Scene", "build_rule"]

RULES: Mapping[str, RuleFactory] = {
    "intrusion": Intrusion,
}


def build_rule(spec: RuleSpec, camera: CameraSpec) -> tuple[Rule, Zone]:
    """The rule and the zone it watches.

    Raises:
        RuleError: Its kind, zone or labels are not known, or the zone is not drawable.
    """
    if spec.kind not in RULES:
        raise RuleError(
            f"Camera {camera.name!r} asks for the rule {spec.kind!r}, which does not exist. "
            f"Known rules are {', '.join(RULES)}."
        )
    unknown = set(spec.labels) - set(LABELS)
    if unknown or not spec.labels:
        raise RuleError(
            f"The rule {spec.kind!r} of camera {camera.name!r} asks for "
            f"{', '.join(sorted(unknown)) or 'nothing'}. Labels are {', '.join(LABELS)}."
        )
    zones = {zone.id: zone for zone in camera.zones} | {"": WHOLE_PICTURE}
    if spec.zone not in zones:
        raise RuleError(
            f"The rule {spec.kind!r} of camera {camera.name!r} names the zone {spec.zone!r}, "
            "which is not drawn on it. Draw the zone or correct the name."
        )
    zone = Zone(zones[spec.zone])
    return RULES[spec.kind](spec, zone), zone
