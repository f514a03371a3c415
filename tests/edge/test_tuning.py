"""Learning from false alarms: what is proposed, what never is, and who decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clock import SimulatedClock
from edge.errors import AccessRefused
from edge.ids import uuid7
from edge.learning import QUIET_S, LearningDesk
from edge.sighting import SightBoard
from edge.store.hub import HubStore
from edge.store.records import Incident
from edge.tuning import DAY_S, HIGHEST, MASK, MOTION, SCORE, proposals, restless_piece
from tests.fakes.records import an_incident
from vision.reports import SightReport
from vision.tuning import Ignored, Tuning

TREE = (0.05, 0.1, 0.15, 0.3)
ELSEWHERE = (0.6, 0.3, 0.7, 0.6)


def judged(
    score: float,
    verdict: str,
    *,
    kind: str = "intrusion",
    box: tuple[float, float, float, float] = TREE,
    reason: str = "",
) -> Incident:
    incident = an_incident(SimulatedClock(), box=box, closed=SimulatedClock().stamp())
    return replace(incident, kind=kind, score=score, verdict=verdict, reason=reason)


FALSE = [judged(0.50 + n / 100, "false_alarm", reason="plant") for n in range(4)]


def test_false_alarms_speak_for_a_score_and_a_piece() -> None:
    """Each says what it would have suppressed, of which none was true."""
    true = [judged(0.8, "confirmed", box=ELSEWHERE)]
    open_ones = [judged(0.4, ""), judged(0.9, "", box=ELSEWHERE)]
    by_score, by_place = proposals([*FALSE, *true, *open_ones])
    assert (by_score.what, by_score.score) == (SCORE, pytest.approx(0.54))
    assert (by_place.what, by_place.polygon[0], by_place.polygon[2]) == (
        MASK,
        TREE[:2],
        TREE[2:],
    )
    for told in (by_score.evidence, by_place.evidence):
        assert (told["false"], told["of_false"]) == (4, 4)
        assert (told["true"], told["of_true"]) == (0, 1)
        assert (told["unjudged"], told["of_unjudged"]) == (1, 2)
        assert told["reason"] == "plant"


@pytest.mark.parametrize(
    "incidents",
    [
        FALSE[:2],
        [replace(i, kind="fire") for i in FALSE],
        [replace(i, kind="smoke") for i in FALSE],
        [replace(i, kind="water_level") for i in FALSE],
        [replace(i, kind="camera_moved") for i in FALSE],
        [*FALSE, judged(0.49, "confirmed")],
        [replace(i, score=0.97, box=(0.0, 0.0, 1.0, 1.0)) for i in FALSE],
    ],
)
def test_some_things_are_never_proposed(incidents: list[Incident]) -> None:
    """Too few; fire, smoke, water and the camera itself; what would miss a true one."""
    assert proposals(incidents) == []


def test_a_clear_sight_always_counts() -> None:
    """No proposed score is higher than what the detector gives to a clear one."""
    incidents = [replace(i, score=0.86 + n / 20) for n, i in enumerate(FALSE)]
    assert all(p.score <= HIGHEST for p in proposals(incidents))


def grid(**cells: int) -> list[int]:
    shares = [5] * (32 * 18)
    for row in range(3, 6):
        for column in range(2, 6):
            shares[row * 32 + column] = cells["tree"]
    return shares


def test_a_place_that_moves_all_day_is_proposed_to_be_ignored() -> None:
    """With its share; not before it was watched for hours, not a lively road."""
    piece = restless_piece("gate", grid(tree=96), 32, DAY_S)
    assert piece is not None
    assert piece.evidence == {"share": 96, "hours": 24}
    assert piece.polygon[0] == (pytest.approx(2 / 32, abs=1e-3), pytest.approx(3 / 18, abs=1e-3))
    assert restless_piece("gate", grid(tree=96), 32, 3600) is None
    assert restless_piece("gate", grid(tree=30), 32, DAY_S) is None
    assert restless_piece("gate", [99] * (32 * 18), 32, DAY_S) is None
    assert restless_piece("gate", [], 0, DAY_S) is None


class Room:
    """A desk over a real store, and what its cameras were told."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock()
        self.store = HubStore.open(folder, self.clock)
        self.told: list[tuple[str, Tuning]] = []
        self.asked: list[tuple[str, bool]] = []
        self.sights = SightBoard(
            ["gate", "pond"],
            ask=lambda camera, picture: self.asked.append((camera, picture)),
            monotonic=self.clock.monotonic,
        )
        self.desk = self.another()

    def another(self) -> LearningDesk:
        return LearningDesk(
            self.store,
            self.sights,
            clock=self.clock,
            new_id=lambda: uuid7(self.clock.wall()),
            apply=lambda camera, tuning: self.told.append((camera, tuning)),
        )

    def judge(self, incidents: list[Incident]) -> None:
        for incident in incidents:
            self.store.save_incident(incident, [])
            self.store.set_verdict(incident.id, incident.verdict, "王", incident.reason)
        self.desk.consider("gate")

    def states(self) -> dict[str, str]:
        return {t.what: t.state for t in self.store.tunings("gate")}

    def id(self, what: str) -> str:
        return next(t.id for t in self.store.tunings("gate") if t.what == what)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    one = Room(tmp_path)
    yield one
    one.store.close()


def test_nothing_changes_before_a_person_accepts_and_all_can_be_undone(room: Room) -> None:
    """Proposed is silent; accepted reaches the camera and survives a restart; undone is undone."""
    room.judge(FALSE)
    assert room.states() == {SCORE: "proposed", MASK: "proposed"}
    assert room.told == []
    assert room.desk.tuning("gate") == Tuning()
    room.desk.decide("gate", room.id(SCORE), "accepted", "李主任")
    accepted = Tuning(scores=(("intrusion", 0.54),))
    assert room.told == [("gate", accepted)]
    assert room.another().tuning("gate") == accepted
    room.desk.decide("gate", room.id(SCORE), "undone", "李主任")
    assert room.told[-1] == ("gate", Tuning())
    decisions = [e for e in room.store.audit_log(9) if e.action == "tuning"]
    assert [(e.who, e.detail) for e in decisions] == [
        ("李主任", {"decision": "undone"}),
        ("李主任", {"decision": "accepted"}),
    ]


def test_a_piece_is_ignored_for_its_kind_alone(room: Room) -> None:
    """Other rules still count there."""
    room.judge(FALSE)
    room.desk.decide("gate", room.id(MASK), "accepted", "李主任")
    ((_, tuning),) = room.told
    assert [one.kind for one in tuning.ignored] == ["intrusion"]
    assert isinstance(tuning.ignored[0], Ignored)


def test_what_was_refused_is_not_asked_again_for_a_month(room: Room) -> None:
    """And then only if it still speaks for itself."""
    room.judge(FALSE)
    room.desk.decide("gate", room.id(SCORE), "refused", "李主任")
    room.desk.consider("gate")
    assert room.states()[SCORE] == "refused"
    room.clock.advance(QUIET_S + 1)
    room.desk.consider("gate")
    assert {t.state for t in room.store.tunings("gate") if t.what == SCORE} == {
        "refused",
        "proposed",
    }


def test_a_proposal_is_withdrawn_when_somebody_confirms_the_like(room: Room) -> None:
    """A true incident at the same place and score speaks against it."""
    room.judge(FALSE)
    room.judge([judged(0.45, "confirmed")])
    assert room.states() == {}


@pytest.mark.parametrize("decision", ["undone", "nonsense"])
def test_what_cannot_be_decided_is_refused_in_a_sentence(room: Room, decision: str) -> None:
    """Undoing what was not accepted, deciding twice or elsewhere."""
    room.judge(FALSE)
    with pytest.raises(AccessRefused, match="decided already"):
        room.desk.decide("gate", room.id(SCORE), decision, "王")
    with pytest.raises(AccessRefused, match="decided already"):
        room.desk.decide("pond", room.id(SCORE), "accepted", "王")
    assert room.told == []


def test_lasting_motion_becomes_a_proposal_in_time(room: Room) -> None:
    """Cameras are asked one after the other for numbers, never for a picture."""
    report = SightReport("gate", 1.0, 640, 360, watched_s=DAY_S, columns=32)
    room.sights.take(replace(report, shares=tuple(grid(tree=96))))
    for _ in range(4):
        room.desk.keep_house()
    assert {camera for camera, _ in room.asked} == {"gate", "pond"}
    assert not any(picture for _, picture in room.asked)
    assert room.states() == {MOTION: "proposed"}
    room.desk.decide("gate", room.id(MOTION), "accepted", "李主任")
    assert room.told[0][1].ignored[0].kind == ""
    room.desk.consider("gate")
    assert room.states() == {MOTION: "accepted"}
