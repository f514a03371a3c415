"""Scoring: what was seen beside what was there, by hand-made cases and by properties."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.boxes import Box, to_array
from vision.detections import Detections
from vision.errors import EvaluationError
from vision.evaluate.boxes import Tally, added, scaled, tally
from vision.evaluate.intervals import (
    Interval,
    compare_alarms,
    count_alarms,
    first_sighting,
)
from vision.evaluate.report import build_document
from vision.evaluate.score import ClipScore, score_clip
from vision.evaluate.truth import CheckedFrame, ClipTruth, Event, WantedRule, read_truth
from vision.evaluate.watch import CheckedLook, ClipLog, Incident, Look

BOXES = st.tuples(*[st.floats(0, 100, width=32)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1)
)
THINGS = st.lists(
    st.tuples(BOXES, st.floats(0.125, 1, width=32), st.sampled_from(["person", "vehicle"])),
    max_size=6,
)
TIMES = st.floats(0, 100)
SPANS = st.tuples(TIMES, TIMES).map(lambda pair: Interval(min(pair), max(pair)))


def things(*rows: tuple[Box, float, str]) -> Detections:
    return Detections.of(rows)


NOTHING = to_array([])
HERE: Box = (10, 10, 50, 90)


def test_one_flicker_is_no_sighting_and_two_of_three_are() -> None:
    """The time is that of the look that made it sure."""
    assert first_sighting([(0, True), (1, False), (2, False), (3, True)]) is None
    assert first_sighting([(0, False), (1, True), (2, False), (3, True)]) == 3
    assert first_sighting([]) is None


@given(SPANS, SPANS, st.floats(0, 10))
def test_meeting_is_mutual_and_slack_only_adds(a: Interval, b: Interval, slack_s: float) -> None:
    """Who meets is met, and nobody is lost by more slack."""
    assert a.meets(b) == b.meets(a)
    assert not a.meets(b) or a.meets(b, slack_s=slack_s)
    assert a.meets(a)


@given(st.lists(TIMES, max_size=8), st.lists(SPANS, max_size=5), st.lists(SPANS, max_size=3))
def test_alarms_add_up(alarms: list[float], expected: list[Interval], allowed: list[Interval]):
    """Every alarm is met, false or allowed; no expectation is met twice."""
    compared = compare_alarms(alarms, expected, allowed=allowed)
    assert compared.raised == compared.met + compared.false <= len(alarms)
    assert compared.met <= compared.expected == len(expected)
    if not allowed:
        assert compared.raised == len(alarms)


def test_an_alarm_is_given_to_the_expectation_that_ends_first() -> None:
    """Two overlapping stays, two alarms in their common time: both are met."""
    stays = [Interval(0, 30), Interval(5, 10)]
    assert compare_alarms([6, 8], stays).right
    assert compare_alarms([6, 8, 9], stays).false == 1
    assert compare_alarms([6], stays).met == 1
    assert compare_alarms([10.4, 20], stays, slack_s=0.5).right
    assert count_alarms([1, 2, 3], 2).false == 1
    assert not count_alarms([1], 2).right


@given(THINGS, THINGS)
def test_boxes_add_up(found: list[Any], wanted: list[Any]) -> None:
    """Never more right than given or wanted; what is there is found by itself."""
    counts = tally(things(*found), things(*wanted), NOTHING, labels=("person", "vehicle"))
    for label, count in counts.items():
        assert 0 <= count.right <= min(count.given, count.wanted)
        assert count.wanted == sum(name == label for _, _, name in wanted)
        assert count.given == sum(name == label for _, _, name in found)
    itself = tally(things(*wanted), things(*wanted), NOTHING, labels=("person", "vehicle"))
    assert all(count.right == count.given == count.wanted for count in itself.values())


@given(THINGS, st.lists(BOXES, max_size=3))
def test_ignoring_only_forgives(found: list[Any], ignore: list[Box]) -> None:
    """A region to ignore removes boxes that were given and wrong, never one that is right."""
    wanted = things((HERE, 1.0, "person"))
    plain = tally(things(*found), wanted, NOTHING, labels=("person",))["person"]
    forgiven = tally(things(*found), wanted, to_array(ignore), labels=("person",))["person"]
    assert forgiven.right == plain.right
    assert forgiven.right <= forgiven.given <= plain.given


def test_an_object_is_found_once_and_by_the_surest() -> None:
    """A second box on the same person is a wrong box; another label finds nothing."""
    wanted = things((HERE, 1.0, "person"))
    near: Box = (12, 12, 52, 92)
    twice = things((near, 0.6, "person"), (HERE, 0.9, "person"))
    assert tally(twice, wanted, NOTHING, labels=("person",)) == {"person": Tally(1, 2, 1)}
    thrice = things(*[(HERE, 0.9, "person")] * 3)
    assert tally(thrice, wanted, NOTHING, labels=("person",)) == {"person": Tally(1, 3, 1)}
    other = tally(things((HERE, 0.9, "vehicle")), wanted, NOTHING, labels=("person", "vehicle"))
    assert other == {"person": Tally(1, 0, 0), "vehicle": Tally(0, 1, 0)}
    ignored = tally(twice, things(), to_array([(0, 0, 100, 100)]), labels=("person",))
    assert ignored == {"person": Tally(0, 0, 0)}


def test_shares_of_nothing_are_not_known() -> None:
    """No object, no recall; no box, no precision."""
    assert (Tally().recall, Tally().precision) == (None, None)
    assert Tally(4, 2, 1).recall == 0.25
    assert Tally(4, 2, 1).precision == 0.5
    assert added([{"a": Tally(1, 1, 1)}, {"a": Tally(2, 0, 0), "b": Tally()}]) == {
        "a": Tally(3, 1, 1),
        "b": Tally(),
    }


def test_boxes_follow_the_size_of_the_picture() -> None:
    """Drawn on one size, scored on another."""
    np.testing.assert_allclose(scaled([(10, 20, 30, 40)], 0.5, 2), [[5, 40, 15, 80]])
    assert scaled([], 1, 1).shape == (0, 4)


def looks(*spans: tuple[float, float, str], until: float = 20.0) -> tuple[Look, ...]:
    """Looks five times a second, with labels seen in the given spans."""
    return tuple(
        Look(i / 5, frozenset(label for start, end, label in spans if start <= i / 5 <= end))
        for i in range(int(until * 5))
    )


def watched(label: str, opened_s: float, closed_s: float | None = None) -> Incident:
    return Incident("intrusion", f"watch-{label}", label, opened_s, closed_s)


def fault(kind: str, opened_s: float, closed_s: float | None = None) -> Incident:
    return Incident(kind, "", kind, opened_s, closed_s)


def scored(
    truth: ClipTruth,
    *incidents: Incident,
    seen: tuple[Look, ...] = (),
    checked: tuple[CheckedLook, ...] = (),
) -> ClipScore:
    log = ClipLog(20.0, seen or looks(), incidents, checked)
    return score_clip(truth, log, box_labels=("person", "vehicle"))


VISIT = ClipTruth("yard.mp4", 0.2, (Event("person", 4.0, 10.0),))


def test_a_person_who_is_seen_is_found_with_times_and_share_of_looks() -> None:
    """Sighted by the second look, incident from its opening, looks at the edges left out."""
    score = scored(VISIT, watched("person", 6.5, 11), seen=looks((5.0, 9.0, "person")))
    (event,) = score.events
    assert event.found
    assert event.sighted_s == pytest.approx(1.2)
    assert event.incident_s == pytest.approx(2.5)
    # From 4.4 s to 9.6 s, five a second.
    assert event.frames == 27
    assert event.hits == 21
    assert score.false_incidents == ()
    assert score.false_looks == 0


def test_what_is_seen_elsewhere_or_otherwise_is_not_the_event() -> None:
    """Another label, or the right one long after, finds nothing and is false."""
    score = scored(
        VISIT,
        watched("vehicle", 6.0, 8.0),
        watched("person", 14.0),
        seen=looks((5.0, 9.0, "vehicle"), (14.0, 18.0, "person")),
    )
    assert not score.events[0].found
    assert score.events[0].incident_s is None
    assert [i.label for i in score.false_incidents] == ["vehicle", "person"]
    assert score.false_looks == 21


def test_an_incident_within_the_tolerance_belongs_to_the_event() -> None:
    """Opened a moment after the person left, it still is about him; later it is not."""
    assert scored(VISIT, watched("person", 10.2)).events[0].incident_s == pytest.approx(6.2)
    assert scored(VISIT, watched("person", 10.3)).false_incidents


def test_a_rider_is_a_person_and_a_two_wheeler() -> None:
    """Kin labels beside an event are not false, in empty time they are."""
    assert scored(VISIT, watched("two-wheeler", 6, 8)).false_incidents == ()
    assert len(scored(VISIT, watched("two-wheeler", 12, 13)).false_incidents) == 1


COVER = ClipTruth("cover.mp4", 0.5, (Event("camera_covered", 8.0, 12.0),), objects_known=False)


def test_a_fault_of_the_camera_is_scored_by_its_kind_and_time() -> None:
    """Right kind in time finds it; another kind, or before it began, is false."""
    assert scored(COVER, fault("camera_covered", 9.0)).events[0].sighted_s == pytest.approx(1.0)
    for wrong in (fault("camera_moved", 9.0), fault("camera_covered", 7.0, 9.0)):
        score = scored(COVER, wrong)
        assert not score.events[0].found
        assert score.false_incidents == (wrong,)


def test_a_clip_about_the_camera_says_nothing_about_people() -> None:
    """Somebody walks through a tamper clip: neither right nor wrong."""
    score = scored(COVER, watched("person", 3.0), seen=looks((3.0, 9.0, "person")))
    assert score.false_incidents == ()
    assert (score.empty_looks, score.false_looks) == (0, 0)


def test_in_a_negative_everything_is_false() -> None:
    """No event: each incident counts."""
    score = scored(ClipTruth("empty.mp4"), watched("person", 3.0), fault("camera_glare", 5.0))
    assert len(score.false_incidents) == 2
    assert score.empty_looks == 100


def test_rules_are_scored_by_their_expectations() -> None:
    """By interval where it is known, by number where not, not at all where there is no rule."""
    rules = (
        WantedRule("intrusion", (), None, (Interval(4, 10),), 1),
        WantedRule("intrusion", (), None, None, 2),
        WantedRule("teleport", (), None, (Interval(4, 10),), 1),
    )
    truth = ClipTruth("yard.mp4", 0.2, VISIT.events, rules)
    alarms = [Incident("intrusion", f"rule-{n}", "person", 6.0, 9.0) for n in (0, 1)]
    first, second, third = (rule.alarms for rule in scored(truth, *alarms).rules)
    assert first is not None
    assert first.right
    assert second is not None
    assert (second.met, second.right) == (1, False)
    assert third is None


def test_checked_frames_are_scored_at_the_size_of_the_clip() -> None:
    """Boxes drawn at half the size, one region to ignore."""
    person = ("person", (5.0, 5.0, 25.0, 45.0))
    frame = CheckedFrame(5, 50, 50, (person,), ((40.0, 0.0, 50.0, 9.0),))
    found = things((HERE, 0.9, "person"), ((82, 2, 98, 16), 0.9, "vehicle"))
    score = scored(VISIT, checked=(CheckedLook(frame, found, 100, 100),))
    assert score.boxes == {"person": Tally(1, 1, 1), "vehicle": Tally(0, 0, 0)}


@given(st.floats(0, 19), st.floats(0, 19), st.floats(0, 19), st.floats(0, 19))
def test_a_score_is_a_share_and_a_time_is_not_negative(a: float, b: float, c: float, d: float):
    """Whatever is seen whenever."""
    truth = ClipTruth("x.mp4", 0.3, (Event("person", min(a, b), max(a, b)),))
    span = (min(c, d), max(c, d))
    score = scored(truth, watched("person", *span), seen=looks((*span, "person")))
    (event,) = score.events
    assert 0 <= event.hits <= event.frames
    assert (event.sighted_s or 0) >= 0
    assert (event.incident_s or 0) >= 0
    assert (event.incident_s is None) == bool(score.false_incidents)


def document(*clips: ClipScore) -> dict[str, Any]:
    return build_document(clips, (), model="m", labels=("person",), looks_per_s=5.0, notes=())


def test_the_document_puts_the_main_figures_on_top() -> None:
    """Recall over objects and faults, false incidents an hour over all clips, by class and clip."""
    found = scored(VISIT, watched("person", 6.5, 11), seen=looks((5.0, 9.0, "person")))
    missed = scored(COVER, fault("camera_moved", 9.0))
    told = document(found, missed)
    assert told["event_recall"] == 0.5
    assert told["false_incidents_per_hour"] == pytest.approx(1 / (40 / 3600), abs=0.01)
    assert told["time_to_incident_s"] == 2.5
    assert told["by_class"]["camera_covered"]["event_recall"] == 0
    assert told["by_class"]["camera_moved"]["false_incidents"] == 1
    assert [clip["file"] for clip in told["by_clip"]] == ["yard.mp4", "cover.mp4"]
    assert told["by_clip"][1]["false_incidents"][0]["opened_s"] == 9.0
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_where_nothing_was_to_be_found_nothing_is_claimed() -> None:
    """No events: recall is unknown, not one."""
    told = document(scored(ClipTruth("empty.mp4")))
    assert told["event_recall"] is None
    assert told["frame_recall"] is None
    assert told["false_incidents_per_hour"] == 0


def written(folder: Path, *clips: dict[str, Any]) -> Path:
    path = folder / "truth.json"
    path.write_text(json.dumps({"about": "", "clips": clips}), encoding="utf-8")
    return path


def test_a_truth_file_is_read_with_every_kind_of_event(tmp_path: Path) -> None:
    """Objects, faults, entering a zone, what is none, and what the hub has no word for."""
    path = written(
        tmp_path,
        {
            "file": "public/a.mp4",
            "tolerance_s": 0.2,
            "events": [
                {"class": "person", "enter": 1.0, "leave": 2.0},
                {"class": "car", "enter": 3},
                {"class": "zone_enter", "t": 2.5, "zone": [[0, 0], [9, 0], [9, 9]]},
                {"class": "camera_tamper", "kind": "freeze", "start": 8.0, "end": None},
                {"class": "none (lights)", "kind": "lights_off", "start": 8.0, "end": 9.0},
                {"class": "elephant", "enter": 1, "leave": 2},
            ],
            "frame_boxes": [
                {"t": 5, "objects": [{"cls": "veh", "box": [1, 2, 3, 4]}]},
                {"t": 3, "size": [768, 432], "objects": []},
            ],
        },
    )
    clip = read_truth(path)["a.mp4"]
    assert clip.events == (
        Event("person", 1.0, 2.0),
        Event("vehicle", 3.0, math.inf),
        Event("camera_frozen", 8.0, math.inf),
    )
    assert clip.events[2].until(24.0) == Interval(8.0, 24.0)
    (rule,) = clip.rules
    assert (rule.kind, rule.count) == ("intrusion", 1)
    assert clip.not_judged == ("elephant",)
    assert [frame.at_s for frame in clip.frames] == [3, 5]
    assert clip.frames[1].objects == (("vehicle", (1, 2, 3, 4)),)
    assert clip.objects_known


def test_expectations_of_rules_are_read_from_numbers_lists_and_sentences(tmp_path: Path) -> None:
    """As many alarms as objects: one each; spans in brackets; a borderline stay may alarm."""
    events = [
        {"class": "person", "enter": 1.0, "leave": 11.0},
        {"class": "person", "enter": 20.0, "leave": 39.8},
    ]
    rules = [
        {"type": "intrusion", "expect_alarms": 2},
        {"type": "intrusion", "expect_alarms": 3},
        {"type": "loitering", "seconds": 20, "expect": "person 9 (50.5-75.0) only"},
        {"type": "loitering", "seconds": 5, "expect": [[1, 11]]},
    ]
    path = written(tmp_path, {"file": "a.mp4", "events": events, "suggested_rules": rules})
    each, number, sentence, spans = read_truth(path)["a.mp4"].rules
    assert each.expected == (Interval(1, 11), Interval(20, 39.8))
    assert (number.expected, number.count) == (None, 3)
    assert sentence.expected == (Interval(50.5, 75.0),)
    assert sentence.allowed == (Interval(20, 39.8),)
    assert (spans.expected, spans.dwell_s) == ((Interval(1, 11),), 5)


def test_a_clip_of_camera_faults_alone_leaves_objects_open(tmp_path: Path) -> None:
    """With `empty` or without any event, every object is known."""
    tamper = {"class": "camera_tamper", "kind": "cover", "start": 1, "end": 2}
    path = written(
        tmp_path,
        {"file": "tamper.mp4", "events": [tamper]},
        {"file": "both.mp4", "events": [tamper], "empty": [[0, 9]]},
        {"file": "negative.mp4", "events": []},
    )
    known = {name: clip.objects_known for name, clip in read_truth(path).items()}
    assert known == {"tamper.mp4": False, "both.mp4": True, "negative.mp4": True}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "JSON"),
        ("[]", "JSON"),
        ('{"clips": [{"events": []}]}', "clips.0.file"),
        ('{"clips": [{"file": "a", "events": [{"class": "person"}]}]}', "no beginning"),
        ('{"clips": [{"file": "a", "events": [{"class": "fire", "enter": 3, "end": 1}]}]}', "fire"),
        ('{"clips": [{"file": "a", "frame_boxes": [{"t": 1, "ignore": [[1, 2]]}]}]}', "ignore"),
    ],
)
def test_a_wrong_truth_file_is_refused_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    """It names the file or the clip, and what is wrong in it."""
    path = tmp_path / "truth.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=words) as caught:
        read_truth(path)
    assert str(caught.value).endswith(".")


def test_a_missing_truth_file_is_named(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(EvaluationError, match=r"truth\.json"):
        read_truth(tmp_path / "truth.json")


KEYS = st.sampled_from(["clips", "file", "events", "class", "enter", "t", "frame_boxes"])
JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)


@given(JSON)
def test_no_json_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, raw: Any) -> None:
    """It is read or refused."""
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps({"clips": raw}), encoding="utf-8")
    with suppress(EvaluationError):
        assert all(clip.name == name for name, clip in read_truth(path).items())
