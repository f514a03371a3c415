"""The summary of a demonstration: numbers that a script can judge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SimulatedClock, Stamp
from edge.demo.ledger import Ledger, percentile, succeeded
from edge.store.records import Incident, PlayRecord
from vision.reports import CameraReport, CameraState


class Stored:
    """An alert as the township keeps it."""

    def __init__(self, name: str, stored_at: float) -> None:
        self.id, self.stored_at = name, stored_at


def at(seconds: float) -> Stamp:
    clock = SimulatedClock()
    clock.advance(seconds)
    return clock.stamp()


def incident(name: str, opened: float) -> Incident:
    return Incident(
        id=name,
        rev=1,
        kind="intrusion",
        severity="urgent",
        camera="a",
        camera_name="A",
        zone="",
        zone_name="",
        label="person",
        score=0.9,
        count=1,
        dwell_s=1,
        box=(0, 0, 1, 1),
        opened=at(opened),
        seen=at(opened),
        sent=True,
    )


def play(name: str, state: str, changed: float, *, asked: float, about: str = "") -> PlayRecord:
    return PlayRecord(
        announcement=name,
        speaker="horn",
        text="请离开",
        priority=2,
        source="talkdown",
        state=state,
        requested=at(asked),
        changed=at(changed),
        incident=about,
    )


def test_a_warning_that_waited_for_another_does_not_count_as_slow() -> None:
    """Two warnings at once: the second waits by design, the first is measured."""
    ledger = Ledger()
    for record in (
        play("p1", "started", 1.1, asked=1.05, about="i1"),
        play("p1", "finished", 9.0, asked=1.05, about="i1"),
        play("p2", "started", 9.1, asked=2.0, about="i2"),
        play("p2", "finished", 18.0, asked=2.0, about="i2"),
        play("p3", "started", 20.3, asked=20.1, about="i3"),
    ):
        ledger.note(record)
    summary = ledger.summary(
        incidents=[incident("i1", 1.0), incident("i2", 2.0), incident("i3", 20.0)],
        plays=[],
        alerts=[Stored("i1", at(1.2).wall_s)],
        errors=[],
    )
    assert summary["latency_ms"]["incident_to_speech_p50"] == pytest.approx(200, abs=1)
    assert summary["latency_ms"]["frame_to_alert_p50"] == pytest.approx(200, abs=1)
    assert summary["acknowledged"] == 3


def test_looks_of_a_worker_that_died_still_count() -> None:
    """A new worker counts from zero; the ledger adds up."""
    ledger = Ledger()
    for looked in (10, 50, 3, 20):
        ledger.take(CameraReport("a", CameraState.WATCHING, looked=looked))
    assert ledger.frames_analysed == 70


def test_a_first_warning_that_still_sounds_is_only_begun() -> None:
    """Nothing said, one begun, one heard: only the middle is worth waiting for."""
    ledger = Ledger()
    assert not ledger.only_begun
    ledger.note(play("p1", "started", 1.1, asked=1.0))
    assert ledger.only_begun
    ledger.note(play("p1", "finished", 9.0, asked=1.0))
    ledger.note(play("p2", "started", 9.1, asked=2.0))
    assert not ledger.only_begun


@pytest.mark.parametrize(
    ("alerts", "state", "good"),
    [([], "finished", False), ([{}], "failed", False), ([{}], "finished", True)],
)
def test_success_needs_an_alert_stored_and_a_warning_played(
    alerts: list[object], state: str, *, good: bool
) -> None:
    """One without the other is no success."""
    assert succeeded({"alerts_received": alerts, "announcements": [{"state": state}]}) is good


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.sampled_from([50, 95]))
def test_a_percentile_lies_within_what_was_measured(values: list[float], percent: int) -> None:
    """Interpolation never leaves the range."""
    found = percentile(values, percent)
    assert found is not None
    assert min(values) - 0.1 <= found <= max(values) + 0.1
