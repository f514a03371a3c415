"""Every registered rule keeps the promises of the seam."""

from __future__ import annotations

import random

import pytest

from vision.reports import Phase
from vision.rules import RULES, Finding, Rule, Scene, build_rule
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.tracking import Track

ZONE = ZoneSpec("z", "水库", ((0.2, 0.2), (0.8, 0.2), (0.8, 0.9), (0.2, 0.9)))
LABELS = ("person", "vehicle", "fire", "smoke", "two-wheeler")


def rule_of(kind: str) -> Rule:
    spec = RuleSpec(kind, "z", labels=LABELS, dwell_s=0.6, clear_s=0.6)
    return build_rule(spec, CameraSpec("c", "大门", "synthetic:", zones=(ZONE,)))[0]


def play(rule: Rule, seed: int) -> list[Finding]:
    """Objects that wander in and out at random for five minutes."""
    dice = random.Random(seed)
    findings: list[Finding] = []
    for tick in range(1500):
        tracks = []
        for number in range(dice.choice([0, 0, 1, 2]) if tick % 40 < 25 else 0):
            x, y = dice.uniform(0, 280), dice.uniform(0, 100)
            box = (x, y, x + 40, y + 80)
            label = dice.choice(LABELS)
            score = dice.random()
            tracks.append(Track(number, box, score, label, 0.0, tick / 5, seen=True, hits=9))
        findings += rule.look(Scene(tick / 5, 320, 180, tuple(tracks)))
    return findings


@pytest.mark.parametrize("kind", list(RULES))
@pytest.mark.parametrize("seed", range(3))
def test_its_incidents_open_and_close_in_order(kind: str, seed: int) -> None:
    """At most one is open, numbers count up, and nothing is told about a closed one."""
    findings = play(rule_of(kind), seed)
    assert findings
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
        assert finding.label in LABELS
        assert 0 <= finding.score <= 1
        assert finding.dwell_s >= 0


@pytest.mark.parametrize("kind", list(RULES))
def test_an_empty_scene_is_no_incident(kind: str) -> None:
    """Nothing there, nothing said."""
    rule = rule_of(kind)
    assert [rule.look(Scene(tick / 5, 320, 180, ())) for tick in range(50)] == [[]] * 50
