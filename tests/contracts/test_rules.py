"""Every registered rule keeps the promises of the seam."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from tests.fakes.places import ROAD, bank, seen, with_carton
from vision.boxes import Box
from vision.errors import RuleError
from vision.frames import Frame, Image
from vision.reports import Phase
from vision.rules import KINDS, RULES, Finding, Rule, Scene, build_rule
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.tracking import Track

ZONE = ZoneSpec("z", "水库", ((0.2, 0.2), (0.8, 0.2), (0.8, 0.9), (0.2, 0.9)))
LABELS = ("person", "vehicle", "fire", "smoke", "two-wheeler")
OWN = ("object", "water")


def spec_of(kind: str, labels: tuple[str, ...] = ()) -> RuleSpec:
    return RuleSpec(
        kind,
        "z",
        labels=labels or KINDS[kind].labels,
        dwell_s=0.4,
        clear_s=0.6,
        line=((0.1, 0.65), (0.9, 0.65)) if kind in FILMS else ((0.5, 1.0), (0.5, 0.0)),
        limit=1,
        direction_deg=180.0,
    )


def rule_of(kind: str) -> Rule:
    return build_rule(spec_of(kind), CameraSpec("c", "大门", "synthetic:", zones=(ZONE,)))[0]


def track(number: int, box: Box, label: str, now_s: float, score: float = 0.8) -> Track:
    return Track(number, box, score, label, 0.0, now_s, seen=True, hits=9, still_since_s=0.001)


def stand(x: float = 140, y: float = 40, width: float = 40, height: float = 80) -> Box:
    return (x, y, x + width, y + height)


CASES: dict[str, Callable[[int], list[Box]]] = {
    "intrusion": lambda tick: [stand()],
    "loitering": lambda tick: [stand()],
    "forbidden_vehicle": lambda tick: [stand()],
    "obstruction": lambda tick: [stand()],
    "over_capacity": lambda tick: [stand(), stand(90)],
    "line_crossing": lambda tick: [stand(90 + tick * 2)],
    "wrong_way": lambda tick: [stand(140, max(-60, 70 - 3 * tick))],
    "person_down": lambda tick: [stand(140, 80, 80, 30)],
    "fire": lambda tick: [stand()],
    "smoke": lambda tick: [stand()],
}
"""For each kind what is certainly an incident, look by look."""

FILMS: dict[str, Callable[[int], Image]] = {
    "left_object": lambda tick: seen(with_carton(ROAD) if 20 <= tick < 60 else ROAD, tick),
    "water_level": lambda tick: bank(0.55 if 30 <= tick < 90 else 0.75, tick),
}
"""The same for kinds that judge the picture itself; a look a second."""


def is_well_told(findings: list[Finding]) -> None:
    number, is_open = 0, False
    for finding in findings:
        if finding.phase is Phase.OPENED:
            assert not is_open
            assert finding.number == number + 1
            number, is_open = finding.number, True
        else:
            assert is_open
            assert finding.number == number
            is_open = finding.phase is not Phase.CLOSED
        assert finding.label in LABELS + OWN
        assert 0 <= finding.score <= 1
        assert finding.dwell_s >= 0
        assert finding.count >= 1


@pytest.mark.parametrize("kind", list(RULES))
def test_what_it_is_for_opens_once_and_closes(kind: str) -> None:
    """The plainest case of its kind is one incident, closed when it is over."""
    rule, label = rule_of(kind), KINDS[kind].own_label or KINDS[kind].labels[0]
    findings: list[Finding] = []
    if kind in FILMS:
        for tick in range(150):
            frame = Frame(FILMS[kind](tick), float(tick), float(tick))
            findings += rule.look(Scene(float(tick), 320, 180, (), frame))
    else:
        findings = play(rule, kind, label)
    phases = [finding.phase for finding in findings if finding.phase is not Phase.UPDATED]
    assert phases == [Phase.OPENED, Phase.CLOSED]
    assert findings[0].label == label
    is_well_told(findings)


def play(rule: Rule, kind: str, label: str) -> list[Finding]:
    findings: list[Finding] = []
    for tick in range(60):
        tracks = tuple(track(n, box, label, tick / 5) for n, box in enumerate(CASES[kind](tick)))
        findings += rule.look(Scene(tick / 5, 320, 180, tracks))
    for tick in range(60, 80):
        findings += rule.look(Scene(tick / 5, 320, 180, ()))
    return findings


@pytest.mark.parametrize("kind", list(RULES))
@pytest.mark.parametrize("seed", range(3))
def test_its_incidents_open_and_close_in_order(kind: str, seed: int) -> None:
    """Objects wander in and out at random: one open at most, numbers count up, none is revived."""
    rule, dice = rule_of(kind), random.Random(seed)
    findings: list[Finding] = []
    for tick in range(1500):
        tracks = []
        for number in range(dice.choice([0, 0, 1, 2, 3]) if tick % 40 < 25 else 0):
            box = stand(dice.uniform(0, 280), dice.uniform(0, 100), dice.uniform(20, 120))
            tracks.append(track(number, box, dice.choice(LABELS), tick / 5, dice.random()))
        picture = np.full((36, 64, 3), dice.randrange(256), np.uint8)
        frame = Frame(picture, tick / 5, tick / 5) if tick % 3 else None
        findings += rule.look(Scene(tick / 5, 320, 180, tuple(tracks), frame))
    is_well_told(findings)


@pytest.mark.parametrize("kind", list(RULES))
def test_an_empty_scene_is_no_incident(kind: str) -> None:
    """Nothing there, nothing said."""
    rule = rule_of(kind)
    assert [rule.look(Scene(tick / 5, 320, 180, ())) for tick in range(50)] == [[]] * 50


@pytest.mark.parametrize("kind", list(CASES))
def test_labels_it_does_not_watch_are_nothing(kind: str) -> None:
    """What is an incident with one label is none with another."""
    rule = rule_of(kind)
    other = next(label for label in LABELS if label not in KINDS[kind].labels)
    for tick in range(60):
        boxes = enumerate(CASES[kind](tick))
        tracks = tuple(track(n, box, other, tick / 5) for n, box in boxes)
        assert rule.look(Scene(tick / 5, 320, 180, tracks)) == []


@pytest.mark.parametrize("kind", list(RULES))
def test_a_rule_that_lacks_what_it_needs_is_refused(kind: str) -> None:
    """A line, a limit or a direction that is missing is named together with the camera."""
    camera = CameraSpec("c", "大门", "synthetic:", zones=(ZONE,))
    bare = RuleSpec(kind, "z", labels=KINDS[kind].labels)
    known = KINDS[kind]
    if known.needs_line or known.needs_limit or known.needs_direction:
        with pytest.raises(RuleError, match=rf"大门.*{kind}.*needs"):
            build_rule(bare, camera)
    else:
        build_rule(bare, camera)


def test_every_rule_has_a_kind_and_says_what_it_watches() -> None:
    """The table of kinds names each registered rule, with labels that it may mean."""
    for name in RULES:
        kind = KINDS[name]
        assert bool(kind.labels) != bool(kind.own_label)
        assert not kind.own_label or kind.own_label in OWN
        assert set(kind.labels) <= set(kind.allowed) <= set(LABELS)
        assert kind.gb_method in {2, 5, 6}
        assert kind.onvif_topic
