"""Any order of saving, acknowledging, expiring, repairing, restarting: the outbox never lies."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.clock import SimulatedClock
from edge.store.dropping import EXPIRED_TYPE
from edge.store.hub import HubStore
from edge.store.limits import OutboxLimits
from edge.store.records import Incident, Lane
from tests.fakes.records import an_entry, an_incident


class OutboxMachine(RuleBasedStateMachine):
    """The store beside a model of it made of a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = SimulatedClock()
        self.store = HubStore.open(self.folder, self.clock)
        self.store.limits = OutboxLimits(lasts_s={})
        self.boots = 1
        self.waiting: dict[int, tuple[Lane, str, int, float | None]] = {}
        self.incidents: dict[str, Incident] = {}
        self.sent: set[str] = set()
        self.had: dict[int, tuple[Lane, str, int, float | None]] = {}
        self.dropped: set[int] = set()
        self.notices: dict[tuple[int, str], set[int]] = {}
        self.last = 0

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(
        lanes=st.lists(st.sampled_from(Lane), max_size=3),
        lasts_s=st.sampled_from([None, 30.0]),
    )
    def save_new(self, lanes: list[Lane], lasts_s: float | None) -> None:
        self._save(an_incident(self.clock), lanes, lasts_s)

    @precondition(lambda self: self.incidents)
    @rule(data=st.data(), lanes=st.lists(st.sampled_from(Lane), max_size=2))
    def save_again(self, data: st.DataObject, lanes: list[Lane]) -> None:
        known = self.incidents[data.draw(st.sampled_from(sorted(self.incidents)))]
        self._save(dataclasses.replace(known, rev=known.rev + 1), lanes, None)

    @rule(first=st.integers(0, 12), length=st.integers(0, 6))
    def acknowledge(self, first: int, length: int) -> None:
        gone = [seq for seq in self.waiting if first <= seq <= first + length]
        assert self.store.acknowledge(self.store.stream_id, [(first, first + length)]) == len(gone)
        for seq in gone:
            self.had[seq] = self.waiting.pop(seq)
            _, incident, rev, _ = self.had[seq]
            if incident and rev == self.incidents[incident].rev:
                self.sent.add(incident)

    @rule(first=st.integers(1, 12), length=st.integers(0, 6))
    def repair(self, first: int, length: int) -> None:
        """The township lost rows it once had: they come back under their old numbers."""
        back = [seq for seq in self.had if first <= seq <= first + length]
        assert self.store.requeue(self.store.stream_id, [(first, first + length)]) == len(back)
        for seq in back:
            self.waiting[seq] = self.had.pop(seq)

    @rule(seconds=st.sampled_from([1.0, 20.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        now = self.clock.monotonic()
        late = [seq for seq, row in self.waiting.items() if row[3] is not None and row[3] < now]
        assert self.store.expire() == len(late)
        self._dropped(late, "expired")

    @rule()
    def coalesce(self) -> None:
        newest: dict[str, int] = {}
        for _, incident, rev, _ in self.waiting.values():
            newest[incident] = max(rev, newest.get(incident, 0))
        late = [
            seq
            for seq, (_, incident, rev, _) in self.waiting.items()
            if incident and 1 < rev < newest[incident]
        ]
        assert self.store.coalesce() == len(late)
        self._dropped(late, "superseded")

    @rule(rows=st.integers(0, 5))
    def shrink(self, rows: int) -> None:
        """The bounds become narrow: the least urgent rows go, alerts stay."""
        self.store.limits = OutboxLimits(max_rows=rows, lasts_s={})
        bulk = sorted(
            (seq for seq, row in self.waiting.items() if row[0] >= Lane.CAMERA_HEALTH and row[1]),
            key=lambda seq: (-self.waiting[seq][0], seq),
        )
        now = self.clock.monotonic()
        late = [seq for seq, row in self.waiting.items() if row[3] is not None and row[3] < now]
        assert not late
        over = bulk[: max(0, len(self.waiting) - rows)]
        assert self.store.expire() == len(over)
        self._dropped(over, "full")
        self.store.limits = OutboxLimits(lasts_s={})

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = HubStore.open(self.folder, self.clock)
        self.store.limits = OutboxLimits(lasts_s={})
        self.boots += 1

    @invariant()
    def the_outbox_is_the_model(self) -> None:
        order = sorted(self.waiting, key=lambda seq: (self.waiting[seq][0], seq))
        assert [row.seq for row in self.store.pending(1000)] == order
        window = self.store.window()
        assert window.queued == len(order)
        assert window.next_seq == self.last + 1
        assert window.oldest == min(order, default=self.last + 1)
        assert self.store.boot == self.boots

    @invariant()
    def what_was_dropped_is_told_exactly(self) -> None:
        told: set[int] = set()
        count = 0
        for row in self.store.pending(1000):
            if row.entry.type == EXPIRED_TYPE:
                notice = json.loads(row.entry.data)
                told |= {n for first, last in notice["ranges"] for n in range(first, last + 1)}
                count += notice["count"]
        untold = self.dropped - told
        # What is not told by a row that waits was told by one that was acknowledged.
        assert told == {
            number
            for (seq, _), numbers in self.notices.items()
            if seq in self.waiting
            for number in numbers
        }
        assert untold.isdisjoint(self.waiting)
        assert self.dropped.isdisjoint(self.waiting)
        assert self.dropped | set(self.waiting) | set(self.had) == set(range(1, self.last + 1))

    @invariant()
    def incidents_know_whether_they_were_sent(self) -> None:
        kept = {incident.id: incident for incident in self.store.incidents(1000)}
        assert kept.keys() == self.incidents.keys()
        assert {one.id for one in kept.values() if one.sent} == self.sent

    def _save(self, incident: Incident, lanes: list[Lane], lasts_s: float | None) -> None:
        entries = [an_entry(incident, lane=lane, expires_s=lasts_s) for lane in lanes]
        numbers = self.store.save_incident(incident, entries)
        assert numbers == list(range(self.last + 1, self.last + 1 + len(lanes)))
        until = None if lasts_s is None else self.clock.monotonic() + lasts_s
        for seq, lane in zip(numbers, lanes, strict=True):
            self.waiting[seq] = (lane, incident.id, incident.rev, until)
        self.last += len(lanes)
        self.incidents[incident.id] = incident
        self.sent.discard(incident.id)

    def _dropped(self, seqs: list[int], reason: str) -> None:
        if not seqs:
            return
        numbers = set(seqs)
        known = [key for key in self.notices if key[1] == reason and key[0] in self.waiting]
        earlier = max(known, default=None)
        if earlier is not None:
            numbers |= {earlier[0]} | self.notices.pop(earlier)
        for seq in numbers:
            self.waiting.pop(seq, None)
        self.dropped |= numbers
        self.last += 1
        self.notices[self.last, reason] = numbers
        self.waiting[self.last] = (Lane.STATISTICS, "", 0, None)


OutboxMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOutbox = OutboxMachine.TestCase
