"""Zones with a priority: looked at first, and worth more of the box's time while they stir."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest

from tests.fakes.detecting import ColourDetector
from vision.frames import Picture
from vision.pipeline import Pipeline
from vision.reports import IncidentReport
from vision.scheduler import Scheduler, Seat
from vision.settings import CameraSpec, ZoneSpec
from vision.slot import Slot

RIGHT = ZoneSpec("deep", "深水", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)), priority=3)


def picture(at_s: float, *, left: bool, right: bool) -> Picture:
    image = np.full((180, 320, 3), 200, np.uint8)
    if left:
        image[40:140, 20:120] = 30
    if right:
        image[100:130, 250:270] = 30
    return Picture(at_s, at_s, 320, 180, image.copy)


def watching(detector: ColourDetector) -> Pipeline:
    pipeline = Pipeline(
        CameraSpec("c", "水库", "x", zones=(RIGHT,)), detector, on_fault=pytest.fail
    )
    for step in range(10):
        pipeline.look(picture(step / 5, left=False, right=False))
    return pipeline


def test_what_moves_in_an_important_zone_is_shown_to_the_detector_first() -> None:
    """Though what moves elsewhere is larger."""
    detector = ColourDetector()
    pipeline = watching(detector)
    pipeline.look(picture(3.0, left=True, right=True))
    assert detector.asked[-1][0][0] > 160
    assert len(detector.asked[-1]) == 2


def test_a_zone_that_stirs_lends_its_priority_to_the_camera() -> None:
    """While it does, and only then; the scheduler shares the box by it."""
    pipeline = watching(ColourDetector())
    seen: list[IncidentReport] = []
    seat = Seat("c", Slot(lambda: None), pipeline, 0.2, priority=1)
    Scheduler([seat], seen.append, wake=Event())
    assert seat.urgent_priority == 1
    pipeline.look(picture(3.0, left=True, right=False))
    assert seat.urgent_priority == 1
    pipeline.look(picture(3.2, left=True, right=True))
    assert seat.urgent_priority == 4
    for step in range(40):
        pipeline.look(picture(4 + step / 5, left=False, right=False))
    assert seat.urgent_priority == 1
