"""Rules on real footage: who stays, who crosses which way, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vision.detectors import open_detector
from vision.pipeline import Pipeline
from vision.reports import Phase
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.sources import open_source
from vision.sources.pace import AsFastAsPossible

pytestmark = pytest.mark.shared

PEOPLE = "public/intel_one-by-one-person-detection.mp4"
CARS = "public/intel_car-detection.mp4"
LANE = ZoneSpec("lane", "车道", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
ACROSS = ((0.0, 0.5), (1.0, 0.5))
"""From the left edge to the right: its right is below."""

CAR = ("vehicle",)


def truth(shared: Path, file: str) -> dict[str, Any]:
    clips = json.loads((shared / "groundtruth.json").read_text(encoding="utf-8"))["clips"]
    found: dict[str, Any] = next(clip for clip in clips if clip["file"] == file)
    return found


def opened(
    shared: Path, file: str, rules: tuple[RuleSpec, ...], *, model: str = "", looks_per_s: float
) -> dict[int, list[float]]:
    """When incidents opened, by the number of the rule."""
    camera = CameraSpec("c", "路口", str(shared / file), zones=(LANE,), rules=rules, health=False)
    detector = open_detector(str(shared / "models" / model) if model else "", 1)
    pipeline = Pipeline(camera, detector, on_fault=pytest.fail)
    times: dict[int, list[float]] = {number: [] for number in range(len(rules))}
    due_s = 0.0
    with open_source(camera, AsFastAsPossible) as source:
        for picture in source:
            if picture.media_s >= due_s - 1e-6:
                due_s = picture.media_s + 1 / looks_per_s
                for report in pipeline.look(picture):
                    if report.phase is Phase.OPENED:
                        times[int(report.key.split(".")[1])].append(picture.media_s)
    return times


def are(times: list[float], cars: list[dict[str, Any]]) -> bool:
    """One time in the stay of each car, in order."""
    pairs = zip(times, cars, strict=len(times) == len(cars))
    return len(times) == len(cars) and all(
        car["enter"] < at_s < car["leave"] + 0.3 for at_s, car in pairs
    )


@pytest.mark.parametrize("model", ["yolox_nano.onnx", ""], ids=["yolox-nano", "built-in"])
def test_who_stays_twenty_seconds_loiters(shared: Path, model: str) -> None:
    """The second and the fifth person; the third stays 19.8 s and may do either."""
    rule = RuleSpec("loitering", "lane", ("person",), dwell_s=20.0)
    people = truth(shared, PEOPLE)["events"]
    (times,) = opened(shared, PEOPLE, (rule,), model=model, looks_per_s=3).values()
    stays = [
        next(n for n, who in enumerate(people, 1) if who["enter"] < at_s < who["leave"] + 2)
        for at_s in times
    ]
    assert [stay for stay in stays if stay != 3] == [2, 5]
    assert len(set(stays)) == len(stays)


@pytest.fixture
def cars(shared: Path) -> Callable[[str], list[dict[str, Any]]]:
    """The cars that go up and those that go down: the first and third, the second and fourth."""
    events = truth(shared, CARS)["events"]
    return lambda way: events[0::2] if way == "up" else events[1::2]


@pytest.mark.parametrize("looks_per_s", [3, 5])
def test_cars_cross_the_line_in_their_directions(
    shared: Path, cars: Callable[[str], list[dict[str, Any]]], looks_per_s: float
) -> None:
    """Two up, two down, each told once by the rule for its direction."""
    down, up = (
        RuleSpec("line_crossing", zone, CAR, 0.0, 1.0, line=ACROSS, direction=direction)
        for zone, direction in (("", "left_to_right"), ("lane", "right_to_left"))
    )
    times = opened(shared, CARS, (down, up), looks_per_s=looks_per_s)
    assert are(times[0], cars("down"))
    assert are(times[1], cars("up"))


def test_cars_against_the_allowed_way_are_told(
    shared: Path, cars: Callable[[str], list[dict[str, Any]]]
) -> None:
    """Where down is allowed those that go up are told, and the other way round."""
    down, up = (
        RuleSpec("wrong_way", zone, CAR, 0.8, 1.0, direction_deg=allowed)
        for zone, allowed in (("", 180.0), ("lane", 0.0))
    )
    times = opened(shared, CARS, (down, up), looks_per_s=5)
    assert are(times[0], cars("up"))
    assert are(times[1], cars("down"))


def test_a_model_that_rarely_sees_cars_from_above_tells_no_wrong_direction(
    shared: Path, cars: Callable[[str], list[dict[str, Any]]]
) -> None:
    """YOLOX-Nano misses most of these cars; those it finds go the right way."""
    rules = (
        RuleSpec("line_crossing", "", CAR, 0.0, 1.0, line=ACROSS, direction="left_to_right"),
        RuleSpec("wrong_way", "lane", CAR, 0.8, 1.0, direction_deg=180.0),
    )
    times = opened(shared, CARS, rules, model="yolox_nano.onnx", looks_per_s=5)
    for number, way in ((0, "down"), (1, "up")):
        assert all(
            any(car["enter"] < at_s < car["leave"] + 0.3 for car in cars(way))
            for at_s in times[number]
        )
