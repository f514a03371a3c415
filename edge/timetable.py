"""Bring each occurrence of the calendar to exactly one end: spoken in its time, or said why not.

Everything is decided by `Timetable.tick` from the memory and the clock, one transaction for each
step, so that a power cut at any instant leaves a state from which the next start goes on. What
was handed to the loudspeakers is never handed to them again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, cast

from broadcast.announcements import FINAL_STATES, Announcement, Priority
from broadcast.calendar.rules import moments
from broadcast.calendar.working_days import DaysOff
from edge.announcing import WireState
from edge.clock import Clock, Stamp
from edge.errors import StoreError
from edge.ids import NewId
from edge.link.messages import SpeakerEvent
from edge.programmes import rule_of
from edge.store.calendar import CalendarTable, OccurrenceRecord, ProgrammeRecord, Transition
from edge.store.records import Lane, OutboxEntry, PlayRecord

log = logging.getLogger(__name__)

DAY_S = 86_400.0
AHEAD_S = 8 * DAY_S
"""Occurrences are written down this far ahead."""
REFRESH_S = DAY_S / 4
STRIDE_S = 20 * DAY_S
"""After a long time off, so much is caught up in one step."""
LONGEST_OFF_S = 400 * DAY_S
"""What lies further back is not caught up: no box is off so long, but clocks jump."""
GAP_S = 60.0
"""Between two ticks; beyond it the box slept, hung, or its clock was moved."""
BATCH = 50
SETTLED_S = 5.0
"""After its last receipt an occurrence ends, even if a loudspeaker never said anything."""

LATE = "The time in which it may start had passed."
BURST = "Several were due while the box could not speak; only one of them is spoken afterwards."
POWER = "The box lost power or was restarted when it was to be spoken; it is not repeated."
TURN = "Another scheduled announcement had waited as long as it may; it was its turn."
SILENT = "No loudspeaker said what became of it."


class Voice(Protocol):
    """What the timetable needs of the announcing desk."""

    def calendar_says(self, announcement: Announcement) -> None: ...

    def cut(self, announcement: str, reason: str) -> None: ...


class Timetable:
    """The calendar at work; every method may be called from any thread.

    Args:
        store: The memory.
        voice: Says things.
        days: Which days are free.
        clock: What time it is, and whether that is believed.
        new_id: Gives ids.
        on_change: Told after each step, with the occurrence's id.
        speakers: Ids of the loudspeakers that serve a zone.
        warm: Prepares words, so that they start at once.
    """

    def __init__(
        self,
        store: CalendarTable,
        voice: Voice,
        days: DaysOff,
        *,
        clock: Clock,
        new_id: NewId,
        on_change: Callable[[str], None] = lambda _id: None,
        speakers: Callable[[str], frozenset[str]] = lambda _zone: frozenset(),
        warm: Callable[[Iterable[str]], None] = lambda _texts: None,
    ) -> None:
        self._store = store
        self._voice = voice
        self._days = days
        self._clock = clock
        self._new_id = new_id
        self._on_change = on_change
        self._speakers = speakers
        self._warm = warm
        self.lock = threading.RLock()
        self._last: Stamp | None = None
        self._resumed_s = 0.0
        self._cut: set[str] = set()
        self._ticked: Stamp = clock.stamp()

    def recover(self) -> int:
        """End what was under way when the box stopped, and prepare the words of what comes.

        To be called once at the start, after the desk reported what the power cut off.

        Returns:
            How many there were.
        """
        with self.lock:
            under_way = self._store.occurrences_under_way()
            for occurrence in under_way:
                self._settle(occurrence, final=True)
            self._warm([programme.text for programme in self._store.programmes()])
            return len(under_way)

    def tick(self) -> None:
        """Do what is to be done now; cheap, call it once a second.

        Raises:
            StoreError: Something could not be written; the next tick tries again.
        """
        with self.lock:
            now = self._ticked = self._clock.stamp()
            for occurrence in self._store.occurrences_under_way():
                self._settle(occurrence)
            if not now.trusted:
                self._last = None
                return
            self._notice_gaps(now)
            if self.plan(now) and self._hand_out(now):
                self._cut_for_those_who_wait(now)

    def fresh(self, max_age_s: float) -> bool:
        """Whether it was looked after within this time."""
        return self._clock.monotonic() - self._ticked.mono_s <= max_age_s

    def note(self, record: PlayRecord) -> None:
        """A loudspeaker said what became of an announcement; it may be one of ours."""
        if record.source != "calendar":
            return
        with self.lock:
            try:
                occurrence = self._store.occurrence(record.announcement)
                if occurrence is not None:
                    self._settle(occurrence)
            except StoreError as error:
                # Its receipt is kept; the next tick reads it there.
                log.error("occurrence not settled id=%s reason=%s", record.announcement, error)

    def _notice_gaps(self, now: Stamp) -> None:
        """From when on what is due is spoken in turn; what was due before must not burst."""
        if self._last is None or now.wall_s - self._last.wall_s > GAP_S:
            self._resumed_s = now.wall_s
        self._resumed_s = min(self._resumed_s, now.wall_s)
        self._last = now

    def plan(self, now: Stamp) -> bool:
        """Write down what comes; False while there is more to catch up."""
        caught_up = True
        for programme in self._store.programmes():
            if programme.planned_until_s >= now.wall_s + AHEAD_S - REFRESH_S:
                continue
            after_s = programme.planned_until_s
            if after_s < now.wall_s - LONGEST_OFF_S:
                log.warning("calendar not caught up programme=%s until=%.0f", programme.id, after_s)
                after_s = now.wall_s - LONGEST_OFF_S
            until_s = min(after_s + STRIDE_S, now.wall_s + AHEAD_S)
            self._store.plan_occurrences(
                programme,
                [
                    (self._new_id(), int(moment))
                    for moment in moments(rule_of(programme.rule), after_s, until_s, self._days)
                ],
                until_s,
            )
            caught_up = caught_up and until_s >= now.wall_s
        return caught_up

    def _hand_out(self, now: Stamp) -> bool:
        """Start what is due and end what is too late; False while there is more of that."""
        known: dict[str, ProgrammeRecord] = {}
        ready: list[tuple[OccurrenceRecord, ProgrammeRecord]] = []
        waiting = self._store.occurrences_planned(now.wall_s)
        late = 0
        for occurrence in waiting:
            programme = known.get(occurrence.programme)
            programme = programme or self._store.programme(occurrence.programme)
            if programme is None:
                continue
            known[programme.id] = programme
            if now.wall_s - occurrence.at_s >= programme.late_s:
                self._end(occurrence, programme, "missed", LATE)
                late += 1
                if late >= BATCH:
                    return False
            else:
                ready.append((occurrence, programme))
        held = [one for one in ready if one[0].at_s < self._resumed_s]
        first = min(held, key=lambda one: (one[1].priority, -one[0].at_s), default=None)
        for occurrence, programme in ready:
            if occurrence.at_s < self._resumed_s and first and occurrence.id != first[0].id:
                self._end(occurrence, programme, "missed", BURST)
            else:
                self._start(occurrence, programme, now)
        return True

    def _start(self, occurrence: OccurrenceRecord, programme: ProgrammeRecord, now: Stamp) -> None:
        step = Transition(occurrence.id, ("planned",), "due", now)
        if not self._store.take_step(step):
            return
        log.info("occurrence due id=%s programme=%s", occurrence.id, programme.id)
        self._voice.calendar_says(
            Announcement(
                id=occurrence.id,
                text=programme.text,
                priority=Priority(programme.priority),
                zone=programme.zone,
                chime=programme.chime,
                repeat=programme.repeat,
                expires_mono_s=now.mono_s + (occurrence.at_s + programme.late_s - now.wall_s),
            )
        )
        self._on_change(occurrence.id)

    def _cut_for_those_who_wait(self, now: Stamp) -> None:
        under_way = self._store.occurrences_under_way()
        playing = [one for one in under_way if one.state == "playing"]
        for occurrence in under_way:
            programme = self._store.programme(occurrence.programme)
            if (
                programme is None
                or occurrence.state != "due"
                or programme.start != "wait"
                or now.wall_s - occurrence.at_s < programme.wait_s
            ):
                continue
            for other in playing:
                if other.id not in self._cut:
                    self._cut.add(other.id)
                    self._voice.cut(other.id, TURN)

    def _settle(self, occurrence: OccurrenceRecord, *, final: bool = False) -> None:
        """Bring an occurrence under way to where its receipts say it is."""
        if occurrence.state not in {"due", "playing"}:
            return
        now = self._clock.stamp()
        programme = self._store.programme(occurrence.programme)
        plays = self._store.plays_of(occurrence.id)
        if programme is None:
            return
        if not plays:
            if final:
                self._end(occurrence, programme, "missed", POWER)
            elif now.mono_s - occurrence.changed.mono_s > programme.late_s + DAY_S / 24:
                self._end(occurrence, programme, "failed", SILENT)
            return
        silent = self._speakers(programme.zone) - {play.speaker for play in plays}
        refused = any(not play.speaker for play in plays)
        last_s = max(play.changed.mono_s for play in plays)
        waited = final or refused or now.mono_s - last_s > SETTLED_S
        state, reason = outcome(plays, complete=not silent or waited)
        if state and state != occurrence.state:
            step = Transition(occurrence.id, (occurrence.state,), state, now, reason)
            if self._store.take_step(step):
                self._cut.discard(occurrence.id)
                log.info("occurrence id=%s state=%s reason=%s", occurrence.id, state, reason or "-")
                self._on_change(occurrence.id)

    def _end(
        self, occurrence: OccurrenceRecord, programme: ProgrammeRecord, state: str, reason: str
    ) -> None:
        step = ending(
            occurrence,
            programme,
            state=state,
            reason=reason,
            now=self._clock.stamp(),
            receipt=self._new_id(),
        )
        if self._store.take_step(replace(step, was=(occurrence.state,))):
            log.info("occurrence id=%s state=%s reason=%s", occurrence.id, state, reason)
            self._on_change(occurrence.id)


def ending(
    occurrence: OccurrenceRecord,
    programme: ProgrammeRecord,
    *,
    state: str,
    reason: str,
    now: Stamp,
    receipt: str,
    who: str = "",
) -> Transition:
    """An end of a planned occurrence that no loudspeaker knows of, with its receipt.

    Args:
        occurrence: What ends.
        programme: What would have been said.
        state: How it ends.
        reason: Why, as a sentence.
        now: When.
        receipt: Id of the receipt for the township.
        who: The person who ended it.
    """
    heard = "cancelled" if state == "skipped" else state
    play = PlayRecord(
        announcement=occurrence.id,
        speaker="",
        text=programme.text,
        priority=programme.priority,
        source="calendar",
        state=heard,
        requested=now,
        changed=now,
        reason=reason,
    )
    event = SpeakerEvent(
        announcement=occurrence.id,
        speaker="",
        state=cast("WireState", heard),
        text=programme.text[:200],
        reason=reason[:200],
    )
    entry = OutboxEntry(receipt, "cn.village.speaker.v1", event.to_bytes(), Lane.RECEIPT)
    return Transition(occurrence.id, ("planned",), state, now, reason, who, play, (entry,))


def outcome(plays: Iterable[PlayRecord], *, complete: bool) -> tuple[str, str]:
    """What an occurrence is, by the receipts of its loudspeakers; empty while it only waits.

    Spoken by one loudspeaker is spoken; the reason then tells of the others.

    Args:
        plays: The newest receipt of each loudspeaker; at least one.
        complete: Whether no further loudspeaker will report.
    """
    known = {play.speaker: play for play in plays}
    states = {play.state for play in known.values()}
    ended = states <= {state.value for state in FINAL_STATES}
    reason = next((play.reason for play in known.values() if play.reason), "")
    if not ended or not complete:
        return ("playing" if states - {"queued"} else ""), ""
    if "finished" in states:
        return "played", reason
    for state, end in (("failed", "failed"), ("interrupted", "failed"), ("cancelled", "cancelled")):
        if state in states:
            return end, reason
    return "missed", reason
