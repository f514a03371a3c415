"""Real footage: every person of the ground truth is one incident."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vision.detectors import open_detector
from vision.pipeline import Pipeline
from vision.reports import IncidentReport, Phase
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.sources import open_source
from vision.sources.pace import AsFastAsPossible

pytestmark = pytest.mark.shared

CLIP = "public/intel_one-by-one-person-detection.mp4"
WIDTH, HEIGHT = 768, 432
LOOKS_PER_S = 3


def truth(shared: Path) -> dict[str, Any]:
    clips = json.loads((shared / "groundtruth.json").read_text(encoding="utf-8"))["clips"]
    found: dict[str, Any] = next(clip for clip in clips if clip["file"] == CLIP)
    return found


def incidents(shared: Path, model: str) -> list[tuple[float, IncidentReport]]:
    zone = next(r["zone"] for r in truth(shared)["suggested_rules"] if r["type"] == "intrusion")
    polygon = tuple((x / WIDTH, y / HEIGHT) for x, y in zone)
    camera = CameraSpec(
        "hall",
        "大厅",
        str(shared / CLIP),
        zones=(ZoneSpec("z", "柜台前", polygon),),
        rules=(RuleSpec("intrusion", "z"),),
    )
    detector = open_detector(str(shared / "models" / model) if model else "", 1)
    pipeline = Pipeline(camera, detector, on_fault=pytest.fail)
    reports: list[tuple[float, IncidentReport]] = []
    due_s = 0.0
    with open_source(camera, AsFastAsPossible) as source:
        for picture in source:
            if picture.media_s >= due_s - 1e-6:
                due_s = picture.media_s + 1 / LOOKS_PER_S
                reports += [(picture.media_s, report) for report in pipeline.look(picture)]
    return reports


@pytest.mark.parametrize("model", ["yolox_nano.onnx", ""], ids=["yolox-nano", "built-in"])
def test_every_person_is_one_incident(shared: Path, model: str) -> None:
    """Six people, six incidents, each opened while he is there and closed after he left."""
    reports = incidents(shared, model)
    opened = [(at, r.key) for at, r in reports if r.phase is Phase.OPENED]
    closed = {r.key: at for at, r in reports if r.phase is Phase.CLOSED}
    people = [event for event in truth(shared)["events"] if event["class"] == "person"]
    assert len(opened) == len(people) == 6
    for (at_s, key), person in zip(opened, people, strict=True):
        assert person["enter"] < at_s < person["enter"] + 4
        assert person["leave"] - 2 < closed[key] < person["leave"] + 4
