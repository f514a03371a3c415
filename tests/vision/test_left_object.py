"""Left objects: what came to lie on a rendered road is told, what only looks like it is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.fakes.places import (
    HEIGHT,
    ROAD,
    WIDTH,
    Field,
    seen,
    with_carton,
    with_person,
    with_shadow,
)
from vision.boxes import Box
from vision.frames import Frame
from vision.reports import Phase
from vision.rules import Finding, Scene, build_rule
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.tracking import Track

ZONE = ZoneSpec("z", "村道", ((0.1, 0.3), (0.9, 0.3), (0.9, 0.95), (0.1, 0.95)))
BEAT_S = 0.5
DWELL_S = 20.0
COMES_S, GOES_S, END_S = 30.0, 90.0, 120.0

Told = list[tuple[float, Finding]]


def watch(
    show: Callable[[float], tuple[Field, float]],
    people: Callable[[float], list[Box]] = lambda _: [],
    *,
    seconds: float = END_S,
) -> Told:
    """What the rule says about a scene and its light at each moment."""
    camera = CameraSpec("c", "村道", "synthetic:", zones=(ZONE,))
    rule, _ = build_rule(RuleSpec("left_object", "z", labels=(), dwell_s=DWELL_S), camera)
    told: Told = []
    for step in range(int(seconds / BEAT_S)):
        at_s = 100 + step * BEAT_S
        scene, light = show(step * BEAT_S)
        frame = Frame(seen(scene, step, light), at_s, at_s)
        tracks = tuple(
            Track(n, box, 0.8, "person", at_s - 5, at_s, hits=9)
            for n, box in enumerate(people(step * BEAT_S))
        )
        found = rule.look(Scene(at_s, WIDTH, HEIGHT, tracks, frame))
        told += [(step * BEAT_S, finding) for finding in found]
    return told


def between(scene: Field) -> Callable[[float], tuple[Field, float]]:
    return lambda at_s: (scene if COMES_S <= at_s < GOES_S else ROAD, 1.0)


CARTON = with_carton(ROAD)


def test_a_carton_that_stays_is_one_incident() -> None:
    """Opened after the dwell with its box, closed when somebody took it away."""
    told = watch(between(CARTON))
    assert [f.phase for _, f in told if f.phase is not Phase.UPDATED] == [
        Phase.OPENED,
        Phase.CLOSED,
    ]
    (opened_s, opened), (closed_s, _) = told[0], told[-1]
    assert COMES_S + DWELL_S - 1 <= opened_s <= COMES_S + DWELL_S + 8
    assert GOES_S < closed_s <= GOES_S + 15
    left, top, right, bottom = opened.box
    assert left <= 165
    assert right >= 178
    assert top <= 105
    assert bottom >= 115
    assert opened.label == "object"
    assert (right - left) * (bottom - top) < 1600


@pytest.mark.parametrize("light", [0.75, 1.3])
def test_a_carton_is_found_in_another_light(light: float) -> None:
    """A cloud comes or goes while it lies there: still one incident, and none before."""

    def show(at_s: float) -> tuple[Field, float]:
        lit = 1 + (light - 1) * float(np.clip((at_s - 40) / 20, 0, 1))
        return (CARTON if at_s >= COMES_S else ROAD), lit

    assert [f.phase for _, f in watch(show) if f.phase is not Phase.UPDATED] == [Phase.OPENED]


NOTHING: dict[str, Callable[[float], tuple[Field, float]]] = {
    "nothing": lambda _: (ROAD, 1.0),
    "a cloud": lambda at_s: (ROAD, 1 - 0.35 * float(np.clip((at_s - 30) / 15, 0, 1))),
    "a lamp": lambda at_s: (ROAD, 1.0 if at_s < 30 else 1.35),
    "a shadow": between(with_shadow(ROAD)),
    "a deep shadow": between(with_shadow(ROAD, 0.45)),
    "a carton from the start": lambda _: (CARTON, 1.0),
    "a carton taken away": lambda at_s: (CARTON if at_s < COMES_S else ROAD, 1.0),
    "a short stop": lambda at_s: (CARTON if 30 <= at_s < 42 else ROAD, 1.0),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_no_left_object_is_not_told(name: str) -> None:
    """Light, shadows, what always lay there, what is gone, and what stays too short."""
    assert watch(NOTHING[name]) == []


def test_somebody_who_stands_is_no_left_object() -> None:
    """While the tracker holds a person there, nothing lies there."""
    standing = with_person(ROAD, 150)
    here = watch(between(standing), lambda at_s: [(150, 90, 168, 140)] if 30 <= at_s < 90 else [])
    assert here == []


def test_what_passers_by_hide_now_and_then_is_still_there() -> None:
    """Every five seconds somebody walks before it."""

    def show(at_s: float) -> tuple[Field, float]:
        scene = CARTON if at_s >= COMES_S else ROAD
        return (with_person(scene, 155) if at_s % 5 < 1 else scene), 1.0

    told = watch(show, lambda at_s: [(155, 90, 173, 140)] if at_s % 5 < 1 else [])
    assert [f.phase for _, f in told if f.phase is not Phase.UPDATED] == [Phase.OPENED]
