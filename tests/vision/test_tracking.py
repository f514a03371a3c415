"""Objects through time, by place and movement alone."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from vision.boxes import Box
from vision.detections import Detections
from vision.tracking import KEEP_S, Track, Tracker

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


def test_a_track_holds_no_identity() -> None:
    """Nothing but place, time, score and kind is kept of anybody."""
    assert {field.name for field in dataclasses.fields(Track)} == {
        "id", "box", "score", "label", "first_s", "last_s", "seen", "hits", "_velocity", "_votes",
    }  # fmt: skip


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
