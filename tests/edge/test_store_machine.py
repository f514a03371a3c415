"""Any order of saving, acknowledging, expiring and restarting: the outbox never lies."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.clock import SimulatedClock
from edge.store.hub import HubStore
from edge.store.records import Incident, Lane
from tests.fakes.records import an_entry, an_incident


class OutboxMachine(RuleBasedStateMachine):
    """The store beside a model of it made of a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = SimulatedClock()
        self.store = HubStore.open(self.folder, self.clock)
        self.boots = 1
        self.waiting: dict[int, tuple[Lane, str, int, float | None]] = {}
        self.incidents: dict[str, Incident] = {}
        self.sent: set[str] = set()
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
            _, incident, rev, _ = self.waiting.pop(seq)
            if rev == self.incidents[incident].rev:
                self.sent.add(incident)

    @rule(seconds=st.sampled_from([1.0, 20.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        now = self.clock.monotonic()
        late = [seq for seq, row in self.waiting.items() if row[3] is not None and row[3] < now]
        kinds = 1 if late else 0
        assert self.store.expire() == len(late)
        for seq in late:
            del self.waiting[seq]
        for _ in range(kinds):
            self.last += 1
            self.waiting[self.last] = (Lane.STATISTICS, self._any_incident(), 0, None)

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = HubStore.open(self.folder, self.clock)
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

    def _any_incident(self) -> str:
        return next(iter(self.incidents))


OutboxMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOutbox = OutboxMachine.TestCase
