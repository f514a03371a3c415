"""Water level: a rendered flood reaches the line; light, waves and people do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.fakes.places import HEIGHT, WIDTH, bank
from vision.errors import RuleError
from vision.frames import Frame, Image
from vision.reports import Phase
from vision.rules import Finding, Scene, build_rule
from vision.settings import CameraSpec, RuleSpec

LINE = ((0.1, 0.65), (0.9, 0.65))
LOW, HIGH = 0.75, 0.55
BEAT_S, DWELL_S = 1.0, 10.0


def watch(show: Callable[[float, int], Image], seconds: float) -> list[tuple[float, Finding]]:
    spec = RuleSpec("water_level", labels=(), dwell_s=DWELL_S, clear_s=10.0, line=LINE)
    rule, _ = build_rule(spec, CameraSpec("c", "河道", "synthetic:"))
    told = []
    for step in range(int(seconds / BEAT_S)):
        at_s = step * BEAT_S
        frame = Frame(show(at_s, step), at_s, at_s)
        found = rule.look(Scene(at_s, WIDTH, HEIGHT, (), frame))
        told += [(at_s, finding) for finding in found]
    return told


def rising(at_s: float) -> float:
    """Low for a minute, then up within two, high for one, and down again within two."""
    return float(np.interp(at_s, (60, 180, 240, 360), (LOW, HIGH, HIGH, LOW)))


@pytest.mark.parametrize("grey", [False, True])
def test_a_flood_opens_when_it_reaches_the_line_and_closes_when_it_falls(*, grey: bool) -> None:
    """Once each, near the moment, in colour and by a camera that sees none."""
    told = watch(lambda at_s, step: bank(rising(at_s), step, grey=grey), 420)
    phases = [f.phase for _, f in told if f.phase is not Phase.UPDATED]
    assert phases == [Phase.OPENED, Phase.CLOSED]
    (opened_s, opened), (closed_s, _) = told[0], told[-1]
    assert 110 <= opened_s <= 180
    assert 290 <= closed_s <= 360
    assert opened.label == "water"
    assert opened.score >= 0.6


CALM: dict[str, Callable[[float, int], Image]] = {
    "low water": lambda _, step: bank(LOW, step),
    "waves": lambda at_s, step: bank(LOW + 0.03 * np.sin(at_s), step),
    "dusk": lambda at_s, step: bank(LOW, step, light=max(0.25, 1 - at_s / 300)),
    "a cloud": lambda at_s, step: bank(LOW, step, light=0.6 if 80 < at_s < 160 else 1.0),
    "just below": lambda at_s, step: bank(float(np.interp(at_s, (60, 180), (LOW, 0.69))), step),
    "night": lambda _, step: bank(LOW, step, light=0.05),
}


@pytest.mark.parametrize("name", CALM)
def test_nothing_is_said_below_the_line(name: str) -> None:
    """Waves, dusk, clouds and water just below the line are no incident."""
    assert watch(CALM[name], 240) == []


def test_a_boat_at_the_line_is_no_flood() -> None:
    """Something dark that covers a third of the line stays below the share that opens."""

    def show(at_s: float, step: int) -> Image:
        image = bank(LOW, step)
        if at_s > 60:
            image[105:130, 100:190] = (70, 60, 50)
        return image

    assert watch(show, 200) == []


def test_a_line_is_needed() -> None:
    """The sentence says so."""
    with pytest.raises(RuleError, match="needs a line"):
        build_rule(RuleSpec("water_level", labels=()), CameraSpec("c", "河道", "synthetic:"))
