"""What the village says by the calendar: programmes, each single occurrence, and its steps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.clock import Stamp
from edge.store.audit import AuditTable
from edge.store.plays import PlayTable
from edge.store.records import OutboxEntry, PlayRecord
from edge.store.rows import insert, stamp_columns, stamp_of, upsert

_PROGRAMME = (
    *("id", "rev", "title", "text", "zone", "priority", "chime", "repeat"),
    *("start", "wait_s", "late_s", "rule", "active", "planned_until_s", "who"),
)
_FLAGS = ("chime", "active")
_MOVE = """
    UPDATE occurrences SET state = :state, reason = :reason, who = :who,
    changed_wall = :changed_wall, changed_mono = :changed_mono, changed_boot = :changed_boot,
    changed_trusted = :changed_trusted
    WHERE id = :id AND state IN (SELECT value FROM json_each(:was))
"""


@dataclass(frozen=True, slots=True)
class ProgrammeRecord:
    """Something that is said by the calendar.

    Attributes:
        rev: Grows with every change.
        priority: A `Priority` value of broadcast.
        start: `now`, `after` or `wait`: what happens when something else is playing.
        wait_s: For `wait`: seconds after which what plays is cut.
        late_s: Seconds after its time at which it may still start; then it is missed.
        rule: The rule of recurrence as JSON.
        active: False once it was removed; its past stays.
        planned_until_s: Up to which moment its occurrences are written down, seconds since 1970.
        who: Changed it last.
    """

    id: str
    rev: int
    title: str
    text: str
    zone: str
    priority: int
    chime: bool
    repeat: int
    start: str
    wait_s: float
    late_s: float
    rule: str
    active: bool
    planned_until_s: float
    who: str
    changed: Stamp


@dataclass(frozen=True, slots=True)
class OccurrenceRecord:
    """One planned playing of a programme.

    Attributes:
        id: Also the id of the announcement, once it is spoken.
        at_s: When, seconds since 1970.
        state: `planned`, `due`, `playing`, `played`, `missed`, `skipped`, `failed`, `cancelled`.
        reason: Why it did not end as planned; a sentence.
        who: The person who skipped, moved or cancelled it; else empty.
        moved: It was put here by hand; the rule does not know it.
        changed: When it came into this state.
    """

    id: str
    programme: str
    at_s: int
    state: str
    changed: Stamp
    reason: str = ""
    who: str = ""
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an occurrence, with what the township must learn of it.

    Attributes:
        was: The states from which it may be taken; from others nothing changes.
        play: The receipt as it is shown on the box, where no loudspeaker wrote one.
        entries: The receipts for the township.
    """

    occurrence: str
    was: tuple[str, ...]
    state: str
    at: Stamp
    reason: str = ""
    who: str = ""
    play: PlayRecord | None = None
    entries: tuple[OutboxEntry, ...] = ()


class CalendarTable(PlayTable, AuditTable):
    """Programmes and occurrences; every method that writes is one transaction."""

    def save_programme(
        self,
        programme: ProgrammeRecord,
        ended: Sequence[Transition] = (),
        *,
        action: str = "programme",
    ) -> None:
        """Add or replace a programme, end what it no longer plans, and audit it."""
        columns = {name: getattr(programme, name) for name in _PROGRAMME}
        columns |= {flag: int(columns[flag]) for flag in _FLAGS}
        columns |= stamp_columns("changed", programme.changed)

        def job(writer: sqlite3.Connection) -> None:
            writer.execute(upsert("programmes", columns, "id", frozenset()), columns)
            for transition in ended:
                self._take_step(writer, transition)
            self._write_audit(writer, programme.who, action, programme.id)

        self._database.write(job)

    def programmes(self) -> list[ProgrammeRecord]:
        """Those in force, in the order in which they were made."""
        rows = self._database.read(
            lambda reader: reader.execute(
                "SELECT * FROM programmes WHERE active ORDER BY id"
            ).fetchall()
        )
        return [_programme(row) for row in rows]

    def programme(self, programme_id: str) -> ProgrammeRecord | None:
        """One of them, also when it was removed."""
        row = self._database.read(
            lambda reader: reader.execute(
                "SELECT * FROM programmes WHERE id = ?", (programme_id,)
            ).fetchone()
        )
        return None if row is None else _programme(row)

    def plan_occurrences(
        self, programme: ProgrammeRecord, moments: Iterable[tuple[str, int]], until_s: float
    ) -> None:
        """Write down the next occurrences, once each, and up to when they are written.

        Args:
            programme: As it was read; when it has changed since, nothing happens.
            moments: Ids and moments.
            until_s: Seconds since 1970.
        """
        now = self._clock.stamp()
        planned = [
            OccurrenceRecord(new_id, programme.id, at_s, "planned", now) for new_id, at_s in moments
        ]

        def job(writer: sqlite3.Connection) -> None:
            found = writer.execute(
                "UPDATE programmes SET planned_until_s = ? WHERE id = ? AND rev = ?",
                (until_s, programme.id, programme.rev),
            )
            if found.rowcount:
                for occurrence in planned:
                    self._put_new(writer, occurrence)

        self._database.write(job)

    def put_occurrence(
        self,
        occurrence: OccurrenceRecord,
        then: Sequence[Transition] = (),
        *,
        action: str,
    ) -> bool:
        """Write down one occurrence that a person made, and what follows from it; audited.

        Returns:
            False when the programme already has one at this moment; nothing is changed.
        """

        def job(writer: sqlite3.Connection) -> bool:
            if not self._put_new(writer, occurrence):
                return False
            for transition in then:
                self._take_step(writer, transition)
            self._write_audit(writer, occurrence.who, action, occurrence.id)
            return True

        return self._database.write(job)

    def take_step(self, transition: Transition, *, action: str = "") -> bool:
        """Bring an occurrence into its next state, with its receipts; audited with an `action`.

        Returns:
            False when it is no longer in a state from which this step may be taken.
        """

        def job(writer: sqlite3.Connection) -> bool:
            done = self._take_step(writer, transition)
            if done and action:
                self._write_audit(writer, transition.who, action, transition.occurrence)
            return done

        return self._database.write(job)

    def occurrence(self, occurrence_id: str) -> OccurrenceRecord | None:
        """One of them, or None."""
        found = self._occurrences("id = ?", (occurrence_id,))
        return found[0] if found else None

    def occurrence_at(self, programme: str, at_s: int) -> OccurrenceRecord | None:
        """The one of a programme at a moment."""
        found = self._occurrences("programme = ? AND at_s = ?", (programme, at_s))
        return found[0] if found else None

    def occurrences_between(self, start_s: float, end_s: float) -> list[OccurrenceRecord]:
        """All in [start_s, end_s), in order of time."""
        return self._occurrences("at_s >= ? AND at_s < ? ORDER BY at_s, id", (start_s, end_s))

    def occurrences_planned(self, until_s: float, limit: int = -1) -> list[OccurrenceRecord]:
        """Those still planned at or before a moment, in order of time."""
        return self._occurrences(
            "state = 'planned' AND at_s <= ? ORDER BY at_s, id LIMIT ?", (until_s, limit)
        )

    def occurrences_under_way(self) -> list[OccurrenceRecord]:
        """Those that are due or playing."""
        return self._occurrences("state IN ('due', 'playing') ORDER BY at_s, id", ())

    def planned_of(self, programme: str) -> list[OccurrenceRecord]:
        """What a programme still plans."""
        return self._occurrences("state = 'planned' AND programme = ? ORDER BY at_s", (programme,))

    def steps_of(self, occurrence_id: str) -> list[tuple[str, str, Stamp]]:
        """State, reason and moment of every step, the first one first."""
        rows = self._database.read(
            lambda reader: reader.execute(
                "SELECT * FROM occurrence_steps WHERE occurrence = ? ORDER BY number",
                (occurrence_id,),
            ).fetchall()
        )
        return [(row["state"], row["reason"], stamp_of(row, "at")) for row in rows]

    def _occurrences(self, condition: str, values: tuple[object, ...]) -> list[OccurrenceRecord]:
        statement = f"SELECT * FROM occurrences WHERE {condition}"  # noqa: S608 - ours only
        rows = self._database.read(lambda reader: reader.execute(statement, values).fetchall())
        return [
            OccurrenceRecord(
                row["id"], row["programme"], row["at_s"], row["state"], stamp_of(row, "changed"),
                row["reason"], row["who"], bool(row["moved"]),
            )
            for row in rows
        ]  # fmt: skip

    def _put_new(self, writer: sqlite3.Connection, occurrence: OccurrenceRecord) -> bool:
        columns: dict[str, object] = {
            "id": occurrence.id,
            "programme": occurrence.programme,
            "at_s": occurrence.at_s,
            "state": occurrence.state,
            "reason": occurrence.reason,
            "who": occurrence.who,
            "moved": int(occurrence.moved),
            **stamp_columns("changed", occurrence.changed),
        }
        statement = f"{insert('occurrences', columns)} ON CONFLICT (programme, at_s) DO NOTHING"
        if not writer.execute(statement, columns).rowcount:
            return False
        _write_step(writer, Transition(occurrence.id, (), occurrence.state, occurrence.changed,
                                       occurrence.reason, occurrence.who))  # fmt: skip
        return True

    def _take_step(self, writer: sqlite3.Connection, transition: Transition) -> bool:
        values = {
            "id": transition.occurrence,
            "state": transition.state,
            "reason": transition.reason,
            "who": transition.who,
            "was": _json_list(transition.was),
            **stamp_columns("changed", transition.at),
        }
        if not writer.execute(_MOVE, values).rowcount:
            return False
        _write_step(writer, transition)
        if transition.play is not None:
            self._put_play(writer, transition.play)
        self._append(writer, transition.entries)
        return True


def _json_list(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _write_step(writer: sqlite3.Connection, transition: Transition) -> None:
    columns: dict[str, object] = {
        "occurrence": transition.occurrence,
        "state": transition.state,
        "reason": transition.reason,
        "who": transition.who,
        **stamp_columns("at", transition.at),
    }
    writer.execute(insert("occurrence_steps", columns), columns)


def _programme(row: sqlite3.Row) -> ProgrammeRecord:
    values = {name: row[name] for name in _PROGRAMME}
    values |= {flag: bool(values[flag]) for flag in _FLAGS}
    return ProgrammeRecord(**values, changed=stamp_of(row, "changed"))
