"""Rules over hand-made tracks: lines, directions, dwell, counts."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.boxes import Box
from vision.errors import RuleError
from vision.lines import DrawnLine
from vision.reports import Phase
from vision.rules import KINDS, Finding, Scene, build_rule
from vision.settings import CameraSpec, RuleSpec, WorkerSpec, ZoneSpec
from vision.tracking import Track

ZONE = ZoneSpec("z", "水库", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))
MIDDLE = ((0.5, 1.0), (0.5, 0.0))
"""Drawn upwards: its left and right are those of the picture."""

BEAT_S = 0.2
WIDTH, HEIGHT = 320, 180


class Story:
    """Tells one rule what is seen, look by look."""

    def __init__(self, kind: str, **changes: object) -> None:
        facts = KINDS[kind]
        given = {"labels": facts.labels, "dwell_s": facts.dwell_s, "clear_s": 1.0, **changes}
        camera = CameraSpec("c", "大门", "synthetic:", zones=(ZONE,))
        self.rule = build_rule(RuleSpec(kind, **given), camera)[0]  # type: ignore[arg-type]
        self.label = facts.labels[0]
        self.now_s = 100.0
        self.findings: list[Finding] = []
        self.tracks: dict[int, Track] = {}

    def see(self, *boxes: tuple[int, Box]) -> None:
        self.now_s += BEAT_S
        for track in self.tracks.values():
            track.begin_look()
        for number, box in boxes:
            if number in self.tracks:
                self.tracks[number].see(box, 0.8, self.label, self.now_s)
            else:
                self.tracks[number] = Track(number, box, 0.8, self.label, self.now_s, self.now_s)
        alive = [t for t in self.tracks.values() if self.now_s - t.last_s < 1.0]
        self.tracks = {t.id: t for t in alive}
        scene = Scene(self.now_s, WIDTH, HEIGHT, tuple(alive))
        self.findings += self.rule.look(scene)

    def stay(self, seconds: float, *boxes: tuple[int, Box]) -> None:
        for _ in range(round(seconds / BEAT_S)):
            self.see(*boxes)

    def walk(self, xs: list[float], number: int = 1) -> None:
        for x in xs:
            self.see((number, at(x)))

    @property
    def opened(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.phase is Phase.OPENED]


def at(x: float, y: float = 100, width: float = 20, height: float = 50) -> Box:
    """A box whose feet are at x, y + height."""
    return (x - width / 2, y, x + width / 2, y + height)


TO_THE_RIGHT = [60.0 + 12 * step for step in range(17)]


@pytest.mark.parametrize(
    ("direction", "way", "count"),
    [
        ("both", TO_THE_RIGHT, 1),
        ("both", TO_THE_RIGHT[::-1], 1),
        ("left_to_right", TO_THE_RIGHT, 1),
        ("left_to_right", TO_THE_RIGHT[::-1], 0),
        ("right_to_left", TO_THE_RIGHT, 0),
        ("right_to_left", TO_THE_RIGHT[::-1], 1),
    ],
)
def test_a_crossing_counts_in_its_direction(direction: str, way: list[float], count: int) -> None:
    """Left and right are as seen from the first point of the line to the second."""
    story = Story("line_crossing", line=MIDDLE, direction=direction)
    story.walk(way)
    assert len(story.opened) == count


@given(st.floats(0.05, 0.45), st.floats(0, 360), st.booleans())
def test_turning_the_line_round_turns_the_direction(
    reach: float, angle_deg: float, forwards: bool
) -> None:
    """Whatever way a line is drawn, the two directions are each other's opposite."""
    angle = math.radians(angle_deg)
    across, down = reach * math.cos(angle), reach * math.sin(angle)
    line = ((0.5 - across, 0.5 - down), (0.5 + across, 0.5 + down))
    drawn, turned = DrawnLine(line), DrawnLine((line[1], line[0]))
    point = (0.5 - down, 0.5 + across) if forwards else (0.5 + down, 0.5 - across)
    assert drawn.distance(point) == pytest.approx(-turned.distance(point))
    assert (drawn.distance(point) > 0) is forwards
    assert drawn.crossed_between(point, (1 - point[0], 1 - point[1]))


def test_one_look_on_the_other_side_is_no_crossing() -> None:
    """A box that jumps for one look is a mistake of the detector."""
    story = Story("line_crossing", line=MIDDLE)
    for _ in range(8):
        story.walk([120, 120, 120, 200])
    assert story.opened == []


def test_standing_on_the_line_is_no_crossing() -> None:
    """Feet that tremble on the line itself are on no side."""
    story = Story("line_crossing", line=MIDDLE)
    story.walk([120] * 5 + [159, 161, 160, 158, 162] * 10)
    assert story.opened == []


def test_passing_beside_the_drawn_piece_is_no_crossing() -> None:
    """The line ends where it was drawn to end."""
    story = Story("line_crossing", line=((0.5, 0.5), (0.5, 0.0)))
    story.walk(TO_THE_RIGHT)
    assert story.opened == []


def test_two_who_cross_together_are_one_incident_with_a_count() -> None:
    """The second within the clear time adds to the first."""
    story = Story("line_crossing", line=MIDDLE, clear_s=10.0)
    story.walk(TO_THE_RIGHT, 1)
    story.walk(TO_THE_RIGHT, 2)
    assert len(story.opened) == 1
    assert story.findings[-1].count == 2


@given(st.lists(st.sampled_from([100.0, 140.0, 158.0, 163.0, 180.0, 220.0]), max_size=60))
def test_crossings_in_both_directions_alternate(way: list[float]) -> None:
    """However somebody walks, he cannot cross twice to the same side."""
    ways = {d: Story("line_crossing", line=MIDDLE, direction=d, clear_s=0.2) for d in
            ("left_to_right", "right_to_left")}  # fmt: skip
    sides: list[str] = []
    for x in way:
        for direction, story in ways.items():
            before = len(story.opened)
            story.see((1, at(x)))
            sides += [direction] * (len(story.opened) - before)
    assert all(a != b for a, b in itertools.pairwise(sides))


@pytest.mark.parametrize("line", [None, ((0.5, 0.5), (0.5, 0.5)), ((0.5, 0.5), (1.5, 0.5))])
def test_a_line_that_cannot_be_used_is_refused(line: object) -> None:
    """Missing, without length, or outside the picture."""
    with pytest.raises(RuleError, match="大门"):
        Story("line_crossing", line=line)


def test_loitering_is_one_who_stays() -> None:
    """Twenty seconds of one person are an incident; a relay of people is none."""
    story = Story("loitering", zone="z", dwell_s=20.0)
    for number in range(8):
        story.stay(6, (number, at(100 + number)))
    assert story.opened == []
    story.stay(21, (99, at(200)))
    (opened,) = story.opened
    assert 20 <= opened.dwell_s < 21


def test_a_still_person_that_the_detector_misses_goes_on_loitering() -> None:
    """Who is known not to have left is still there."""
    story = Story("loitering", zone="z", dwell_s=10.0)
    story.stay(6, (1, at(100)))
    for _ in range(30):
        story.now_s += BEAT_S
        (track,) = story.tracks.values()
        track.begin_look()
        track.verify(story.now_s)
        story.findings += story.rule.look(Scene(story.now_s, WIDTH, HEIGHT, (track,)))
    assert len(story.opened) == 1


def test_too_many_people_is_a_count_for_some_time() -> None:
    """Three where two are allowed, for the dwell; a third who passes by is nothing."""
    story = Story("over_capacity", zone="z", limit=2, dwell_s=5.0)
    three = [(number, at(60 + 60 * number)) for number in range(3)]
    story.stay(10, *three[:2])
    story.stay(3, *three)
    story.stay(3, *three[:2])
    assert story.opened == []
    story.stay(8, *three)
    (opened,) = story.opened
    assert opened.count == 3
    assert opened.box[2] - opened.box[0] > 100


@given(st.integers(1, 6), st.integers(0, 6))
def test_the_limit_is_still_allowed(limit: int, people: int) -> None:
    """Exactly the limit is no incident, one more is."""
    story = Story("over_capacity", limit=limit, dwell_s=1.0)
    story.stay(4, *((number, at(20 + 40 * number)) for number in range(people)))
    assert bool(story.opened) is (people > limit)


def test_a_vehicle_that_stands_obstructs_and_one_that_creeps_does_not() -> None:
    """Each movement begins the time anew."""
    story = Story("obstruction", zone="z", dwell_s=10.0)
    for step in range(100):
        story.see((1, at(40 + 3 * step, width=40)))
    assert story.opened == []
    story.stay(11, (1, at(340 - 100, width=40)))
    assert len(story.opened) == 1


def test_a_box_that_trembles_is_still() -> None:
    """Two pixels this way and that are the detector's, not the vehicle's."""
    story = Story("obstruction", dwell_s=10.0)
    for step in range(60):
        story.see((1, at(100 + (step % 3) * 2, width=40)))
    assert len(story.opened) == 1


@given(st.floats(0, 359.9), st.floats(-180, 180))
def test_wrong_way_is_within_sixty_degrees_of_the_opposite(
    allowed_deg: float, turned_deg: float
) -> None:
    """Against the allowed way is an incident, with it or across it is none."""
    if 115 < abs(turned_deg) < 125:
        return
    way = math.radians(allowed_deg + turned_deg)
    story = Story("wrong_way", direction_deg=allowed_deg)
    for step in range(20):
        x, y = 160 + math.sin(way) * step * 4, 65 - math.cos(way) * step * 4
        story.see((1, at(x, min(125.0, max(0.0, y)) if abs(y - 65) > 60 else y)))
    assert bool(story.opened) is (abs(turned_deg) > 120)


def test_a_vehicle_that_stands_goes_no_way() -> None:
    """A trembling box is no movement."""
    story = Story("wrong_way", direction_deg=0.0)
    for step in range(60):
        story.see((1, at(100, 100 + step % 3)))
    assert story.opened == []


def test_somebody_who_falls_and_stays_down() -> None:
    """Upright before, wider than tall since, and still for the dwell."""
    story = Story("person_down", dwell_s=5.0)
    story.stay(4, (1, at(100)))
    assert story.opened == []
    story.stay(3, (1, at(100, 130, 50, 20)))
    assert story.opened == []
    story.stay(4, (1, at(100, 130, 50, 20)))
    assert len(story.opened) == 1
    story.stay(3, (1, at(100)))
    assert story.findings[-1].phase is Phase.CLOSED


def test_rules_cross_the_process_boundary() -> None:
    """Line, limit and direction arrive in the worker as they were sent."""
    rule = RuleSpec("line_crossing", "z", line=MIDDLE, direction="both", limit=3, direction_deg=9.0)
    sent = WorkerSpec("w", (CameraSpec("c", "大门", "synthetic:", rules=(rule,)),))
    assert WorkerSpec.from_json(sent.to_json()) == sent
