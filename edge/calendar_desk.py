"""What people do with the calendar: write it, look ahead, leave one out, move one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from broadcast.calendar.rules import includes, moments, next_moments
from broadcast.calendar.working_days import DaysOff
from edge.clock import Clock, Stamp
from edge.errors import CalendarRefused
from edge.ids import NewId
from edge.programmes import PRIORITIES, ProgrammeForm, RuleForm, rule_of
from edge.store.calendar import CalendarTable, OccurrenceRecord, ProgrammeRecord, Transition
from edge.timetable import DAY_S, Timetable, ending

CONFLICTS_AHEAD_S = 35 * DAY_S
MOST_CONFLICTS = 3
CHANGED = "The programme was changed; this time no longer belongs to it."
REMOVED = "The programme was removed."
NO_CLOCK = (
    "The clock of the box is not set yet, so the calendar waits. "
    "Connect the box to the network and try again in a few minutes."
)
GONE = "This occurrence is over or was changed by somebody else. Load the page again."
PAST = "This time has passed. Choose a later one."
TAKEN = "The programme is already planned for this time. Choose another one."
UNKNOWN = "This programme is not there any more. Load the page again."


@dataclass(frozen=True, slots=True)
class Planned:
    """One time at which something is, was or will be said.

    Attributes:
        occurrence: None while it is further away than occurrences are written down.
    """

    at_s: int
    programme: ProgrammeRecord
    occurrence: OccurrenceRecord | None

    @property
    def state(self) -> str:
        return self.occurrence.state if self.occurrence else "planned"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two that would sound at the same time."""

    at_s: float
    other_at_s: float
    other: ProgrammeRecord


class CalendarDesk:
    """The calendar in the hands of the village; every method may be called from any thread.

    Args:
        timetable: The calendar at work; both share its lock.
        store: The memory.
        days: Which days are free.
        clock: What time it is, and whether that is believed.
        new_id: Gives ids.
        on_change: Told after each change, with an id.
        warm: Prepares words, so that they start at once.
    """

    def __init__(
        self,
        timetable: Timetable,
        store: CalendarTable,
        days: DaysOff,
        *,
        clock: Clock,
        new_id: NewId,
        on_change: Callable[[str], None] = lambda _id: None,
        warm: Callable[[Iterable[str]], None] = lambda _texts: None,
    ) -> None:
        self._timetable = timetable
        self._store = store
        self._days = days
        self._clock = clock
        self._new_id = new_id
        self._on_change = on_change
        self._warm = warm

    def save(self, form: ProgrammeForm, who: str, programme_id: str = "") -> str:
        """Add a programme, or change one from now on; returns its id.

        Raises:
            CalendarRefused: The clock is not set, or the programme is gone.
        """
        with self._timetable.lock:
            now = self._trusted_now()
            before = self._catch_up(programme_id, now) if programme_id else None
            programme = ProgrammeRecord(
                id=before.id if before else self._new_id(),
                rev=before.rev + 1 if before else 1,
                title=form.title,
                text=form.text,
                zone=form.zone,
                priority=int(PRIORITIES[form.start]),
                chime=form.chime,
                repeat=form.repeat,
                start=form.start,
                wait_s=form.wait_minutes * 60.0,
                late_s=form.late_minutes * 60.0,
                rule=form.rule.model_dump_json(),
                active=True,
                planned_until_s=now.wall_s,
                who=who,
                changed=now,
            )
            rule = form.rule.rule()
            ended = [
                self._ending(occurrence, programme, "cancelled", CHANGED, who=who)
                for occurrence in self._store.planned_of(programme.id)
                if occurrence.at_s > now.wall_s
                and not occurrence.moved
                and not includes(rule, occurrence.at_s, self._days)
            ]
            self._store.save_programme(programme, ended)
            self._warm([programme.text])
            self._timetable.plan(now)
        self._on_change(programme.id)
        return programme.id

    def remove(self, programme_id: str, who: str) -> None:
        """Plan it no more; what plays goes on.

        Raises:
            CalendarRefused: The clock is not set, or the programme is gone.
        """
        with self._timetable.lock:
            now = self._trusted_now()
            before = self._catch_up(programme_id, now)
            gone = replace(before, rev=before.rev + 1, active=False, who=who, changed=now)
            ended = [
                self._ending(occurrence, gone, "cancelled", REMOVED, who=who)
                for occurrence in self._store.planned_of(gone.id)
                if occurrence.at_s > now.wall_s
            ]
            self._store.save_programme(gone, ended, action="programme_removed")
        self._on_change(programme_id)

    def skip(self, programme_id: str, at_s: int, who: str) -> None:
        """Leave one occurrence out.

        Raises:
            CalendarRefused: It is over, or there is none.
        """
        with self._timetable.lock:
            now = self._trusted_now()
            programme = self._programme(programme_id)
            occurrence, made = self._wanted(programme, at_s, who, now)
            step = self._ending(occurrence, programme, "skipped", f"{who} left it out.", who=who)
            if made:
                done = self._store.put_occurrence(occurrence, [step], action="occurrence_skipped")
            else:
                done = self._store.take_step(step, action="occurrence_skipped")
            if not done:
                raise CalendarRefused(GONE)
        self._on_change(occurrence.id)

    def move(self, programme_id: str, at_s: int, to_s: int, who: str) -> None:
        """Say one occurrence at another time.

        Raises:
            CalendarRefused: It is over, or the new time cannot be had.
        """
        with self._timetable.lock:
            now = self._trusted_now()
            if to_s <= now.wall_s:
                raise CalendarRefused(PAST)
            programme = self._programme(programme_id)
            occurrence, made = self._wanted(programme, at_s, who, now)
            if made and not self._store.put_occurrence(occurrence, action="occurrence_planned"):
                raise CalendarRefused(GONE)
            reason = f"{who} moved it to another time."
            step = self._ending(occurrence, programme, "skipped", reason, who=who)
            fresh = OccurrenceRecord(
                self._new_id(), programme.id, to_s, "planned", now, who=who, moved=True
            )
            if not self._store.put_occurrence(fresh, [step], action="occurrence_moved"):
                raise CalendarRefused(TAKEN)
        self._on_change(fresh.id)

    def programmes(self) -> list[ProgrammeRecord]:
        return self._store.programmes()

    def programme(self, programme_id: str) -> ProgrammeRecord | None:
        return self._store.programme(programme_id)

    def preview(self, rule: RuleForm, count: int = 5) -> list[float]:
        """The next times of a rule, seconds since 1970."""
        return next_moments(rule.rule(), self._clock.wall(), count, self._days)

    def between(self, start_s: float, end_s: float) -> list[Planned]:
        """Everything in [start_s, end_s), written down or yet to be, in order of time."""
        known = {record.id: record for record in self._store.programmes()}
        shown = []
        for occurrence in self._store.occurrences_between(start_s, end_s):
            programme = known.get(occurrence.programme)
            programme = programme or self._store.programme(occurrence.programme)
            if programme is not None:
                shown.append(Planned(occurrence.at_s, programme, occurrence))
        written = {(one.programme.id, one.at_s) for one in shown}
        for programme in known.values():
            after_s = max(start_s - 1, programme.planned_until_s)
            shown += [
                Planned(int(moment), programme, None)
                for moment in moments(rule_of(programme.rule), after_s, end_s - 1, self._days)
                if (programme.id, int(moment)) not in written
            ]
        return sorted(shown, key=lambda one: (one.at_s, one.programme.id))

    def conflicts(self, form: ProgrammeForm, programme_id: str = "") -> list[Conflict]:
        """What else would sound at the same time in the next five weeks; three at most."""
        now_s = self._clock.wall()
        mine = moments(form.rule.rule(), now_s, now_s + CONFLICTS_AHEAD_S, self._days)
        length_s = speaking_s(form.text, form.repeat)
        others = [
            one for one in self.between(now_s, now_s + CONFLICTS_AHEAD_S)
            if one.programme.id != programme_id and one.state == "planned"
            and (not form.zone or not one.programme.zone or form.zone == one.programme.zone)
        ]  # fmt: skip
        found = []
        for at_s in mine:
            found += [
                Conflict(at_s, one.at_s, one.programme) for one in others
                if at_s < one.at_s + speaking_s(one.programme.text, one.programme.repeat)
                and one.at_s < at_s + length_s
            ]  # fmt: skip
            if len(found) >= MOST_CONFLICTS:
                break
        return found[:MOST_CONFLICTS]

    def _trusted_now(self) -> Stamp:
        now = self._clock.stamp()
        if not now.trusted:
            raise CalendarRefused(NO_CLOCK)
        return now

    def _programme(self, programme_id: str) -> ProgrammeRecord:
        programme = self._store.programme(programme_id)
        if programme is None or not programme.active:
            raise CalendarRefused(UNKNOWN)
        return programme

    def _catch_up(self, programme_id: str, now: Stamp) -> ProgrammeRecord:
        """The programme, with everything written down that its old rule owes."""
        self._programme(programme_id)
        while not self._timetable.plan(now):
            pass
        return self._programme(programme_id)

    def _wanted(
        self, programme: ProgrammeRecord, at_s: int, who: str, now: Stamp
    ) -> tuple[OccurrenceRecord, bool]:
        """The occurrence at a moment, and whether it is yet to be written down."""
        found = self._store.occurrence_at(programme.id, at_s)
        if found is not None and found.state == "planned":
            return found, False
        planned = includes(rule_of(programme.rule), at_s, self._days)
        if found is not None or not planned or at_s <= now.wall_s:
            raise CalendarRefused(GONE)
        return OccurrenceRecord(self._new_id(), programme.id, at_s, "planned", now, who=who), True

    def _ending(
        self,
        occurrence: OccurrenceRecord,
        programme: ProgrammeRecord,
        state: str,
        reason: str,
        *,
        who: str,
    ) -> Transition:
        return ending(
            occurrence,
            programme,
            state=state,
            reason=reason,
            now=self._clock.stamp(),
            receipt=self._new_id(),
            who=who,
        )


def speaking_s(text: str, repeat: int) -> float:
    """About how long words take to be spoken, with their chime."""
    return 4.0 + repeat * (1.0 + len(text) / 3.5)
