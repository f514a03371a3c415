"""Objects through time, by place and movement alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.boxes import Box
from vision.detections import Detections
from vision.tracking import KEEP_S, LOITERS_S, MOST_TRACKS, SURE_LOOKS, UNFOUND_S, Track, Tracker

PERSON: Box = (100, 100, 140, 200)


def moved(box: Box, x: float, y: float = 0) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def see(tracker: Tracker, now_s: float, *found: tuple[Box, float, str]) -> tuple[Track, ...]:
    return tracker.look(Detections.of(found), 0.5, now_s)


def test_one_object_keeps_its_number() -> None:
    """Walking through the picture is one track."""
    tracker = Tracker()
    for tick in range(20):
        (track,) = see(tracker, tick / 5, (moved(PERSON, tick * 15), 0.8, "person"))
        assert track.id == 1
    assert track.hits == 20


def test_a_fast_object_without_overlap_is_still_one() -> None:
    """A car that moves further than its length between two looks."""
    tracker = Tracker()
    for tick in range(8):
        (track,) = see(tracker, tick / 5, (moved((0, 0, 60, 40), tick * 45), 0.8, "vehicle"))
    assert track.id == 1


def test_weak_evidence_holds_but_never_begins() -> None:
    """A half-hidden person stays known; a shadow never becomes one."""
    tracker = Tracker()
    assert see(tracker, 0.0, (PERSON, 0.3, "person")) == ()
    see(tracker, 0.2, (PERSON, 0.8, "person"))
    (track,) = see(tracker, 0.4, (PERSON, 0.2, "person"))
    assert track.seen
    assert track.hits == 2


def test_two_that_cross_stay_two() -> None:
    """Movement tells them apart where they overlap."""
    tracker = Tracker()
    left, right = moved(PERSON, 0), moved(PERSON, 200)
    for tick in range(21):
        tracks = see(
            tracker,
            tick / 5,
            (moved(left, 10 * tick), 0.8, "person"),
            (moved(right, -10 * tick, 8), 0.8, "person"),
        )
    by_id = {track.id: track for track in tracks}
    assert set(by_id) == {1, 2}
    assert by_id[1].box[0] > by_id[2].box[0]


def test_an_object_gone_for_long_is_forgotten() -> None:
    """Unseen for a moment it is kept, then given up."""
    tracker = Tracker()
    see(tracker, 0.0, (PERSON, 0.8, "person"))
    see(tracker, 0.2, (PERSON, 0.8, "person"))
    (track,) = see(tracker, 1.0)
    assert not track.seen
    assert see(tracker, 0.2 + KEEP_S + 0.1) == ()


def test_a_single_mistake_of_the_label_does_not_rename_it() -> None:
    """The label is what most looks said."""
    tracker = Tracker()
    for tick in range(6):
        label = "two-wheeler" if tick == 4 else "person"
        (track,) = see(tracker, tick / 5, (PERSON, 0.8, label))
    assert track.label == "person"


def stood(tracker: Tracker, seconds: float = 4.0) -> float:
    """Somebody stands there for a while; returns the time."""
    for tick in range(round(seconds * 5) + 1):
        see(tracker, tick / 5, (PERSON, 0.8, "person"))
    return seconds


def test_who_stands_still_is_kept_while_nothing_moves_at_his_place() -> None:
    """Missed by the detector, he is present as long as he cannot have left, but not for ever."""
    tracker = Tracker()
    now_s = stood(tracker)
    missed_s = 0.0
    while tracker.tracks and missed_s < 2 * UNFOUND_S:
        missed_s += 0.2
        tracks = tracker.look(
            Detections.none(), 0.5, now_s + missed_s, moving=[PERSON], still=lambda box: True
        )
        if missed_s < UNFOUND_S - 0.3:
            assert [t.present for t in tracks] == [True]
            assert not tracks[0].seen
    assert UNFOUND_S < missed_s < UNFOUND_S + KEEP_S + 0.5


@pytest.mark.parametrize(
    ("moving", "still"),
    [([], True), ([PERSON], False), ([moved(PERSON, 300)], True)],
    ids=["looks like the background", "something moved", "something else is there"],
)
def test_who_may_have_left_is_not_kept(moving: list[Box], still: bool) -> None:
    """Without both proofs he is given up as ever."""
    tracker = Tracker()
    now_s = stood(tracker)
    for tick in range(1, round((KEEP_S + 0.3) * 5) + 1):
        tracks = tracker.look(
            Detections.none(), 0.5, now_s + tick / 5, moving=moving, still=lambda box: still
        )
        assert not any(track.present for track in tracks)
    assert tracks == ()


def test_who_moved_in_one_look_cannot_be_verified_in_the_next() -> None:
    """The chain of looks in which he cannot have left must not break."""
    tracker = Tracker()
    now_s = stood(tracker)
    tracker.look(Detections.none(), 0.5, now_s + 0.2, moving=[PERSON], still=lambda box: False)
    (track,) = tracker.look(
        Detections.none(), 0.5, now_s + 0.4, moving=[PERSON], still=lambda box: True
    )
    assert not track.present


def test_a_lucky_look_proves_nothing() -> None:
    """Strong once and then only weak is not proven; the median of its scores decides."""
    tracker = Tracker()
    see(tracker, 0.0, (PERSON, 0.6, "person"))
    for tick in range(1, 10):
        (track,) = see(tracker, tick / 5, (PERSON, 0.3, "person"))
        assert not track.proven
    for tick in range(10, 22):
        (track,) = see(tracker, tick / 5, (PERSON, 0.7, "person"))
    assert track.proven
    assert track.usual_score == pytest.approx(0.7)


def test_how_long_it_stands_still_counts_from_where_it_stopped() -> None:
    """Walking is no standing; a box that trembles is."""
    tracker = Tracker()
    for tick in range(10):
        see(tracker, tick / 5, (moved(PERSON, tick * 25), 0.8, "person"))
    for tick in range(10, 30):
        (track,) = see(tracker, tick / 5, (moved(PERSON, 225 + tick % 3), 0.8, "person"))
    assert track.still_s(5.8) == pytest.approx(4.0, abs=0.8)


def test_phantoms_do_not_fill_the_memory() -> None:
    """However much is found, only so many objects are followed, and the proven ones stay."""
    tracker = Tracker()
    stood(tracker)
    for tick in range(5):
        crowd = [((x * 9.0, y * 9.0, x * 9.0 + 8, y * 9.0 + 8), 0.6, "vehicle")
                 for x in range(60) for y in range(20)]  # fmt: skip
        tracks = see(tracker, 4.2 + tick / 5, (PERSON, 0.8, "person"), *crowd)
        assert len(tracks) <= MOST_TRACKS
        assert tracks[0].id == 1


def test_a_track_holds_no_identity() -> None:
    """Nothing but place, time, score and kind is kept of anybody."""
    assert {field.name for field in dataclasses.fields(Track)} == {
        "id", "box", "score", "label", "first_s", "last_s", "seen", "hits", "_velocity", "_votes",
        "verified_s", "still_since_s", "rest", "_scores", "_away", "_trusted", "_verified",
        "travelled", "unsure", "sure", "_places", "_sights", "_origin", "_moved", "_steady",
    }  # fmt: skip


SIZE = (640, 360)


def stirred(*found: tuple[Box, float, str]) -> Detections:
    """Detections of one who only judges what moves."""
    return dataclasses.replace(Detections.of(found), moved=np.ones(len(found), bool))


def test_who_came_in_by_the_edge_is_known_by_weak_sights_too() -> None:
    """Cut off in sure sights and whole in weak ones: he came from outside; two are too few."""
    boxes = [(100.0, max(120.0, 300.0 - 40 * tick), 200.0, 360.0) for tick in range(6)]
    boxes += [(100.0, 120.0, 200.0, 340.0)] * 4
    tracker, arrived = Tracker(), []
    for tick, (box, score) in enumerate(zip(boxes, STEPS_IN_DIMLY, strict=True)):
        found = stirred((box, score, "person"))
        arrived.append(tracker.look(found, 0.5, tick / 5, size=SIZE)[0].arrived)
    assert arrived == [False] * 7 + [True] * 3


def way(boxes: Sequence[Box], *, size: tuple[int, int] | None = SIZE) -> Track:
    """The track of something that was only judged because it moved."""
    tracker = Tracker()
    for tick, box in enumerate(boxes):
        track = tracker.look(stirred((box, 0.8, "person")), 0.5, tick / 5, size=size)[-1]
    return track


WALK = [moved(PERSON, 8 * step) for step in range(8)]
SWAY = [moved(PERSON, 5 * (-1) ** step) for step in range(40)]
REACH = [(100.0, 100.0, 140.0 + 20 * step, 200.0) for step in range(8)]
"""Grows to the right like an arm."""

APPROACH = [(120.0 - 4 * step, 100.0, 140.0 + 4 * step, 160.0 + 12 * step) for step in range(8)]
STEPS_IN = [(100.0, 300.0 - 20 * step, 200.0, min(360.0, 450.0 - 20 * step)) for step in range(8)]
STEPS_OUT = [(100.0, 100.0 + 30 * step, 200.0, min(360.0, 300.0 + 30 * step)) for step in range(8)]
STEPS_IN_DIMLY = [0.8] * 6 + [0.45] * 4
"""Surely seen while cut off by the edge, weakly once inside."""

HAND_AND_BOTTLE = [(0.0, 100.0, 180.0, 300.0)] * 6 + [(60.0, 200.0, 110.0, 300.0)] * 8


@pytest.mark.parametrize(
    ("boxes", "arrived"),
    [
        (WALK, True),
        (SWAY, False),
        (REACH, False),
        (APPROACH, True),
        (STEPS_IN, True),
        (STEPS_OUT, True),
        (HAND_AND_BOTTLE, False),
    ],
    ids=[
        "walk",
        "branch",
        "arm",
        "straight at the camera",
        "in by the edge",
        "out by it",
        "bottle",
    ],
)
def test_what_moves_as_a_whole_has_arrived(boxes: list[Box], arrived: bool) -> None:
    """A branch sways and an arm grows in place; people and vehicles come from elsewhere."""
    assert way(boxes).arrived is arrived


def test_what_was_seen_standing_needs_no_way() -> None:
    """A detector that reads whole pictures sees what was there before the camera started."""
    tracker = Tracker()
    for tick in range(4):
        one = (PERSON, 0.8, "person")
        found = stirred(one) if tick < 3 else Detections.of([one])
        (track,) = tracker.look(found, 0.5, tick / 5, size=SIZE)
        assert track.arrived is (tick == 3)


def test_a_doubtful_eye_on_what_stands_has_to_look_for_longer() -> None:
    """The built-in model, which also judges what moves, is believed after some seconds."""
    tracker = Tracker()
    for tick in range(SURE_LOOKS + 2):
        standing = Detections.of([(PERSON, 0.8, "person")])
        found = dataclasses.replace(standing, moved=np.zeros(1, bool))
        (track,) = tracker.look(found, 0.5, tick / 5, size=SIZE)
        assert track.arrived is (tick >= SURE_LOOKS - 1)


def test_what_never_came_from_anywhere_is_given_up() -> None:
    """Something that only ever stirred at its place does not hold the background for ever."""
    tracker = Tracker()
    alive = [
        tracker.look(stirred((PERSON, 0.8, "person")), 0.5, tick / 5, size=SIZE)[:1] != ()
        and tracker.tracks[0].id == 1
        for tick in range(int(LOITERS_S + 5) * 5)
    ]
    assert all(alive[: int(LOITERS_S) * 5 - 1])
    assert not alive[-1]


def test_trust_is_lost_again() -> None:
    """An object that is hardly believed any more in the median is not proven."""
    tracker = Tracker()
    for tick in range(40):
        (track,) = see(tracker, tick / 5, (PERSON, 0.8 if tick < 10 else 0.2, "person"))
        if tick in {9, 39}:
            assert track.proven is (tick == 9)


BOXES = st.tuples(
    st.floats(0, 600), st.floats(0, 340), st.floats(1, 200), st.floats(1, 200), st.floats(0, 1)
)


@given(st.lists(st.lists(BOXES, max_size=6), max_size=12))
def test_numbers_are_unique_and_each_detection_serves_once(
    looks: list[list[tuple[float, float, float, float, float]]],
) -> None:
    """Whatever comes, no two tracks share a number and no look serves more than it found."""
    tracker = Tracker()
    for tick, found in enumerate(looks):
        triples = [((x, y, x + w, y + h), score, "person") for x, y, w, h, score in found]
        tracks = tracker.look(Detections.of(triples), 0.5, tick / 5)
        assert len({track.id for track in tracks}) == len(tracks)
        assert sum(track.seen for track in tracks) <= len(found)
