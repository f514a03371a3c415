"""The calendar at work: one occurrence, one end; nothing late, nothing twice, nothing unsaid."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from broadcast.announcements import PlayState
from broadcast.calendar.rules import CHINA
from edge.clock import SimulatedClock
from edge.errors import CalendarRefused, StoreError
from edge.programmes import ProgrammeForm, own_days
from edge.timetable import BURST, LATE, POWER, outcome
from tests.edge.calendar_year import Box

MORNING = datetime(2026, 11, 23, 6, 0, tzinfo=CHINA).timestamp()
AT = int(datetime(2026, 11, 23, 7, 0, tzinfo=CHINA).timestamp())
HOUR = 3600
DAY = 86_400


def daily(text: str = "早上好。", *, at: str = "07:00", **more: Any) -> ProgrammeForm:
    rule = {"repeat": "daily", "times": (at,), "first": "2026-01-01"} | more.pop("rule", {})
    return ProgrammeForm.model_validate({"title": text[:8], "text": text, "rule": rule} | more)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path, SimulatedClock(MORNING))
    yield made
    made.store.close()


def advance_to(box: Box, wall_s: float) -> None:
    """Let time pass minute by minute, ticking, as a box that is on does."""
    while box.clock.wall() < wall_s:
        box.clock.advance(min(30.0 - box.clock.wall() % 30.0, wall_s - box.clock.wall()))
        box.tick()


def states(box: Box, until_s: float | None = None) -> list[tuple[int, str]]:
    end = box.clock.wall() + 1 if until_s is None else until_s
    return [((o.at_s - AT) // HOUR, o.state) for o in box.store.occurrences_between(0, end)]


def receipts(box: Box) -> list[dict[str, Any]]:
    return [json.loads(row.entry.data) for row in box.store.pending(10_000)]


def test_it_is_spoken_at_its_time_and_every_step_is_kept(box: Box) -> None:
    """Planned, due, playing, played; the township hears queued, started, finished."""
    box.desk.save(daily(), "小王")
    advance_to(box, AT - 1)
    assert box.spoken == []
    advance_to(box, AT + 60)
    assert [(s.text, s.wall_s) for s in box.spoken] == [("早上好。", AT)]
    (occurrence,) = box.store.occurrences_between(0, AT + 60)
    assert [state for state, _, _ in box.store.steps_of(occurrence.id)] == [
        "planned", "due", "playing", "played"]  # fmt: skip
    assert [r["state"] for r in receipts(box)] == ["queued", "started", "finished"]


def test_an_unknown_time_holds_the_calendar_but_no_person(box: Box) -> None:
    """While the clock is not believed nothing is due; what staff say is said."""
    box.desk.save(daily(), "小王")
    box.tick()
    box.cut_power(0, trusted=False)
    advance_to(box, AT + 300)
    assert box.spoken == []
    box.announcing.staff_says("救命！", repeat=1, chime=True)
    assert [s.text for s in box.spoken] == ["救命！"]
    box.horn.step()
    box.clock.trust()
    box.clock.advance(60)
    box.tick()
    assert [s.text for s in box.spoken] == ["救命！", "早上好。"]


def test_what_is_too_late_is_missed_and_reported(box: Box) -> None:
    """The box was off for longer than the item may be late."""
    box.desk.save(daily(), "小王")
    box.tick()
    box.cut_power(HOUR + 600, trusted=True)
    box.catch_up()
    assert box.spoken == []
    assert states(box) == [(0, "missed")]
    assert [(r["state"], r["reason"]) for r in receipts(box)] == [("missed", LATE)]
    assert [p.reason for p in box.store.plays(5)] == [LATE]


def test_after_a_power_cut_there_is_no_burst(box: Box) -> None:
    """Four were due within their grace: the most urgent is spoken, the others are missed."""
    for minute in (0, 2, 4):
        box.desk.save(daily(f"第{minute}条", at=f"07:0{minute}"), "小王")
    box.desk.save(daily("要紧", at="07:01", start="now"), "小王")
    box.tick()
    box.cut_power(HOUR + 300, trusted=True)
    advance_to(box, AT + 900)
    assert [s.text for s in box.spoken] == ["要紧"]
    assert Counter(r["state"] for r in receipts(box) if r["reason"] == BURST) == {"missed": 3}


def test_a_jump_forward_neither_bursts_nor_loses(box: Box) -> None:
    """Ten days at once: each occurrence between is missed, with a receipt, in bounded steps."""
    box.desk.save(daily(), "小王")
    box.tick()
    box.clock.jump(10 * DAY)
    box.catch_up()
    assert box.spoken == []
    assert [state for _, state in states(box)] == ["missed"] * 10


def test_a_jump_back_repeats_nothing(box: Box) -> None:
    """The same morning comes twice; it is said once."""
    box.desk.save(daily(), "小王")
    advance_to(box, AT + 60)
    box.clock.jump(-2 * HOUR)
    advance_to(box, AT + 120)
    assert len(box.spoken) == 1
    assert states(box) == [(0, "played")]


@pytest.mark.parametrize("state", ["due", "playing"])
def test_what_the_power_cut_off_is_not_repeated(box: Box, state: str) -> None:
    """Under way when the power went: failed or missed, with a reason, never said again."""
    box.desk.save(daily(), "小王")
    if state == "due":
        box.horn.step = lambda: None  # type: ignore[method-assign]
    advance_to(box, AT + 5)
    assert [s for _, s in states(box)] == [state]
    box.cut_power(30, trusted=True)
    advance_to(box, AT + 120)
    assert len(box.spoken) == (state == "playing")
    assert [s for _, s in states(box)] == [{"due": "missed", "playing": "failed"}[state]]


def test_cut_between_the_note_and_the_voice_it_is_missed_and_said_so(box: Box) -> None:
    """Due was written, the loudspeaker never heard of it: there is still one receipt."""
    box.desk.save(daily(), "小王")
    box.announcing.calendar_says = lambda _announcement: None  # type: ignore[method-assign]
    advance_to(box, AT + 5)
    box.cut_power(30, trusted=True)
    advance_to(box, AT + 60)
    assert box.spoken == []
    assert [(r["state"], r["reason"]) for r in receipts(box)] == [("missed", POWER)]


def test_after_the_current_one(box: Box) -> None:
    """Two at the same minute: one after the other, both in full."""
    box.desk.save(daily("一。"), "小王")
    box.desk.save(daily("二。"), "小王")
    advance_to(box, AT + 120)
    assert [s.text for s in box.spoken] == ["一。", "二。"]
    assert box.spoken[1].wall_s - box.spoken[0].wall_s >= 20
    assert [state for _, state in states(box)] == ["played", "played"]


def test_it_waits_so_long_and_then_cuts(box: Box) -> None:
    """A long programme gives way after the minutes that the second one may wait."""
    box.seconds = box.horn.seconds = 1000.0
    box.desk.save(daily("很长的节目。"), "小王")
    box.desk.save(daily("等一分钟。", at="07:01", start="wait", wait_minutes=1), "小王")
    advance_to(box, AT + 115)
    assert [s.text for s in box.spoken] == ["很长的节目。"]
    advance_to(box, AT + 150)
    assert [s.text for s in box.spoken] == ["很长的节目。", "等一分钟。"]
    assert [state for _, state in states(box)] == ["cancelled", "playing"]


def test_a_skipped_one_is_not_said_and_the_next_is(box: Box) -> None:
    """Also far ahead, before it was written down; twice is refused."""
    programme = box.desk.save(daily(), "小王")
    box.desk.skip(programme, AT, "小李")
    box.desk.skip(programme, AT + 30 * DAY, "小李")
    with pytest.raises(CalendarRefused):
        box.desk.skip(programme, AT, "小李")
    advance_to(box, AT + 60)
    assert box.spoken == []
    far = box.store.occurrence_at(programme, AT + 30 * DAY)
    assert far is not None
    assert far.state == "skipped"
    assert [r["state"] for r in receipts(box)] == ["cancelled", "cancelled"]
    box.clock.jump(DAY - 120)
    advance_to(box, AT + DAY + 60)
    assert len(box.spoken) == 1


def test_a_moved_one_is_said_at_its_new_time_only(box: Box) -> None:
    """The old time is left out, the new one outlives a change of the programme."""
    programme = box.desk.save(daily(), "小王")
    box.desk.move(programme, AT, AT + HOUR, "小李")
    box.desk.save(daily(at="09:00"), "小王", programme)
    with pytest.raises(CalendarRefused):
        box.desk.move(programme, AT + 2 * HOUR, AT + HOUR, "小李")
    with pytest.raises(CalendarRefused):
        box.desk.move(programme, AT + 2 * HOUR, AT - 2 * HOUR, "小李")
    advance_to(box, AT + 3 * HOUR)
    assert [s.wall_s for s in box.spoken] == [AT + HOUR, AT + 2 * HOUR]
    assert states(box) == [(0, "skipped"), (1, "played"), (2, "played")]


def test_a_removed_programme_is_silent_and_says_so(box: Box) -> None:
    """What it still planned is cancelled, each with a receipt."""
    programme = box.desk.save(daily(), "小王")
    planned = len(box.store.planned_of(programme))
    box.desk.remove(programme, "小李")
    advance_to(box, AT + 60)
    assert box.spoken == []
    assert [r["state"] for r in receipts(box)] == ["cancelled"] * planned
    with pytest.raises(CalendarRefused):
        box.desk.remove(programme, "小李")


def test_without_a_known_time_nobody_changes_the_calendar(box: Box) -> None:
    """The sentence says why and what to do."""
    box.clock.jump(0, trusted=False)
    with pytest.raises(CalendarRefused, match="network"):
        box.desk.save(daily(), "小王")


def test_conflicts_are_found_before_they_are_saved(box: Box) -> None:
    """Another programme that would still be sounding."""
    box.desk.save(daily("一" * 70), "小王")
    assert [c.other_at_s for c in box.desk.conflicts(daily("二。"))] == [
        AT, AT + DAY, AT + 2 * DAY]  # fmt: skip
    assert box.desk.conflicts(daily("二。", at="07:05")) == []


def test_a_month_shows_what_was_and_what_comes(box: Box) -> None:
    """Rows near the present, the rule beyond them, each moment once."""
    programme = box.desk.save(daily(), "小王")
    box.desk.skip(programme, AT + 20 * DAY, "小李")
    advance_to(box, AT + 60)
    shown = box.desk.between(AT - DAY, AT + 30 * DAY)
    assert [one.at_s for one in shown] == [AT + n * DAY for n in range(30)]
    assert [n for n, one in enumerate(shown) if one.state == "skipped"] == [20]


def test_a_full_disk_stops_the_calendar_until_it_can_be_written(box: Box) -> None:
    """Nothing is said that could not be noted; it is said when there is room and time."""
    box.desk.save(daily(), "小王")
    advance_to(box, AT - 1)
    real, box.store.take_step = box.store.take_step, _full  # type: ignore[method-assign]
    box.clock.advance(2)
    with pytest.raises(StoreError):
        box.tick()
    assert box.spoken == []
    box.store.take_step = real  # type: ignore[method-assign]
    box.clock.advance(30)
    box.tick()
    assert len(box.spoken) == 1


def _full(*_: object, **__: object) -> bool:
    raise StoreError("磁盘已满。")


def test_one_horn_that_spoke_is_enough_and_the_other_is_named(box: Box) -> None:
    """Played, with the reason of the one that did not."""
    box.desk.save(daily(), "小王")
    advance_to(box, AT + 60)
    (play,) = box.store.plays(1)
    other = replace(play, speaker="other", state="failed", reason="No sound card.")
    assert outcome([play, other], complete=True) == ("played", "No sound card.")
    assert outcome([play], complete=False) == ("playing", "")
    assert outcome([other], complete=True) == ("failed", "No sound card.")
    assert {PlayState.FINISHED.value} == {play.state}


@pytest.mark.parametrize("wrong", [
    {"rule": {"repeat": "weekly"}},
    {"rule": {"repeat": "market"}},
    {"rule": {"repeat": "monthly", "days": [0]}},
    {"rule": {"last": "2025-01-01"}},
    {"rule": {"times": []}},
    {"rule": {"times": ["07:00:30"]}},
    {"rule": {"weekdays": [8]}},
    {"text": "x\u0007"},
    {"surprise": 1},
])  # fmt: skip
def test_a_programme_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """Before anything is kept."""
    with pytest.raises(ValueError, match="validation error"):
        daily(**wrong)


def test_a_file_of_holidays_is_read_or_refused_with_a_place() -> None:
    """A township's own arrangement, or the sentence that says where it is wrong."""
    days = own_days('{"2027": {"off": ["2027-02-11"], "work": ["2027-02-14"]}}')
    assert days.off == {date(2027, 2, 11)}
    assert days.years == {2027}
    for wrong in ("", "[]", '{"2027": {"of": []}}', '{"2027": {"off": ["soon"]}}', "{" * 5000):
        with pytest.raises(CalendarRefused, match="holidays"):
            own_days(wrong)
