"""Any order of writing, sending, acknowledging, losing the line and spending: what goes when."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.clock import SimulatedClock
from edge.link.budget import PACKET_BYTES, Budget
from edge.link.sender import Sender
from edge.store.hub import HubStore
from edge.store.limits import OutboxLimits
from edge.store.records import Lane
from tests.fakes.records import an_entry, an_incident

WINDOW = 4
EXTRA = 16
LIMIT = 20_000
LIFE = Lane.EMERGENCY_RECEIPT


class SenderMachine(RuleBasedStateMachine):
    """A sender over a real outbox, a network that is there or not, and a day's budget."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = SimulatedClock()
        self.store = HubStore.open(self.folder, self.clock)
        self.store.limits = OutboxLimits(lasts_s={})
        self.lanes: dict[int, Lane] = {}
        self.sent: set[int] = set()
        self.went: list[int] = []
        self.connected = True
        self.mids = 0
        self.budget = Budget(LIMIT, today=self._today)
        self.spent_by_day: dict[str, int] = {}
        self.sender = Sender(
            self.store,
            self._publish,
            township="qingshan",
            hub="lin-jia-cun",
            window=WINDOW,
            guard_s=60.0,
            allows=self.budget.allows,
        )
        self.sender.begin()

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(lanes=st.lists(st.sampled_from(Lane), min_size=1, max_size=8))
    def write(self, lanes: list[Lane]) -> None:
        incident = an_incident(self.clock)
        # Names that tell nothing apart, so that nothing is superseded.
        entries = [
            dataclasses.replace(an_entry(incident), lane=lane, type="cn.village.clock.v1")
            for lane in lanes
        ]
        for seq, lane in zip(self.store.save_incident(incident, entries), lanes, strict=True):
            self.lanes[seq] = lane

    @rule()
    def send(self) -> None:
        self.went = []
        waiting = {row.seq for row in self.store.pending(1000)} - self.sent
        self.sender.send(self.clock.monotonic())
        left = waiting - set(self.went)
        order = [self.lanes[seq] for seq in self.went]
        assert order == sorted(order)
        if self.connected and left:
            # Whatever stays behind is held by the window, by its size, or by today's budget.
            first = min(self.lanes[seq] for seq in left)
            assert (
                len(self.sent) >= WINDOW
                or first >= Lane.THUMBNAIL
                or not self.budget.allows(first, 400)
            )

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        if not self.sent:
            return
        seq = data.draw(st.sampled_from(sorted(self.sent)))
        assert self.store.acknowledge(self.store.stream_id, [(seq, seq)]) == 1
        self.sender.acknowledged([(seq, seq)])
        self.sent.discard(seq)

    @rule()
    def lose_the_line(self) -> None:
        self.connected = False
        self.sender.again()
        self.sent.clear()

    @rule(away_s=st.sampled_from([1.0, 4000.0]))
    def come_back(self, away_s: float) -> None:
        self.clock.advance(away_s)
        self.connected = True
        self.sender.begin()
        self.sent.clear()

    @rule()
    def sleep_over_night(self) -> None:
        self.clock.advance(86_400)
        self.sender.begin()
        self.sent.clear()

    @invariant()
    def the_window_holds(self) -> None:
        assert len(self.sender) == len(self.sent)
        ordinary = [seq for seq in self.sent if self.lanes[seq] > LIFE]
        assert len(ordinary) <= WINDOW
        assert len(self.sent) <= WINDOW + EXTRA
        assert sum(self.lanes[seq] >= Lane.THUMBNAIL for seq in self.sent) <= 2

    @invariant()
    def the_reserve_is_for_life(self) -> None:
        for spent in self.spent_by_day.values():
            assert spent <= LIMIT * 0.8

    def _publish(self, _topic: str, payload: bytes) -> int | None:
        if not self.connected:
            return None
        seq = int(json.loads(payload)["seq"])
        self.budget.spend(len(_topic) + len(payload))
        if self.lanes[seq] > LIFE:
            size = len(_topic) + len(payload) + PACKET_BYTES
            day = self._today()
            self.spent_by_day[day] = self.spent_by_day.get(day, 0) + size
        self.mids += 1
        self.went.append(seq)
        self.sent.add(seq)
        return self.mids

    def _today(self) -> str:
        return datetime.fromtimestamp(self.clock.wall(), tz=UTC).date().isoformat()


SenderMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestSender = SenderMachine.TestCase
