"""Three rendered sample cameras, for the demo, the tests and whoever has no camera at hand."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from vision.settings import CameraSpec, RuleSpec, ZoneSpec

FOLDER = Path(__file__).parent


def sample_cameras() -> tuple[CameraSpec, ...]:
    """The sample clips as cameras that never end, with their zones and rules."""
    with (FOLDER / "samples.toml").open("rb") as file:
        listed = tomllib.load(file)
    return tuple(_camera(entry) for entry in listed["camera"])


def _camera(entry: dict[str, Any]) -> CameraSpec:
    return CameraSpec(
        id=entry["id"],
        name=entry["name"],
        url=str(FOLDER / entry["file"]),
        loop=True,
        zones=tuple(
            ZoneSpec(zone["id"], zone["name"], tuple((x, y) for x, y in zone["polygon"]))
            for zone in entry["zone"]
        ),
        rules=tuple(
            RuleSpec(
                kind=rule["kind"],
                zone=rule["zone"],
                labels=tuple(rule["labels"]),
                dwell_s=rule["dwell_s"],
            )
            for rule in entry["rule"]
        ),
    )
