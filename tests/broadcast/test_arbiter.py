"""Who speaks first, who falls silent, and that everybody comes to exactly one end."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from broadcast.announcements import FINAL_STATES, Announcement, PlayState, Priority
from broadcast.arbiter import REMEMBERED, Arbiter, Change
from tests.broadcast.fakes import announcement


def test_the_more_urgent_speaks_first_and_equals_in_order() -> None:
    """The ladder decides, then arrival."""
    arbiter = Arbiter()
    for name, priority in [
        ("n1", Priority.NOTICE),
        ("t", Priority.TALK_DOWN),
        ("n2", Priority.NOTICE),
        ("l", Priority.LIFE_SAFETY),
    ]:
        arbiter.submit(announcement(name, priority), 0)
    order = []
    while (taken := arbiter.take(0)[0]) is not None:
        order.append(taken.id)
        arbiter.end(PlayState.FINISHED)
    assert order == ["l", "t", "n1", "n2"]


def test_an_equal_never_interrupts_but_the_more_urgent_does() -> None:
    """Equal priority waits; smaller priority takes the air."""
    arbiter = Arbiter()
    arbiter.submit(announcement("a", Priority.TALK_DOWN), 0)
    arbiter.take(0)
    arbiter.submit(announcement("b", Priority.TALK_DOWN), 0)
    assert arbiter.verdict() is None
    arbiter.submit(announcement("c", Priority.LIFE_SAFETY), 0)
    verdict = arbiter.verdict()
    assert verdict is not None
    assert (verdict.announcement, verdict.state) == ("a", PlayState.INTERRUPTED)


def test_what_had_not_started_keeps_its_place() -> None:
    """One that gives way before its first sample is the first of its priority again."""
    arbiter = Arbiter()
    arbiter.submit(announcement("a", Priority.NOTICE), 0)
    arbiter.submit(announcement("b", Priority.NOTICE), 0)
    arbiter.take(0)
    arbiter.put_back()
    assert [waiting.id for waiting in arbiter.queue] == ["a", "b"]


def test_a_known_id_is_not_played_again() -> None:
    """A repeated command changes nothing, while it waits, plays, and after its end."""
    arbiter = Arbiter()
    arbiter.submit(announcement("a"), 0)
    assert arbiter.submit(announcement("a"), 0) == []
    arbiter.take(0)
    assert arbiter.submit(announcement("a"), 0) == []
    arbiter.end(PlayState.FINISHED)
    assert arbiter.submit(announcement("a"), 0) == []
    assert arbiter.state_of("a") == PlayState.FINISHED
    assert arbiter.take(0)[0] is None


def test_too_late_is_missed_with_a_reason() -> None:
    """What waited beyond its time is not spoken any more."""
    arbiter = Arbiter()
    arbiter.submit(announcement("a", expires_mono_s=5.0), 0)
    taken, changes = arbiter.take(5.0)
    assert taken is None
    assert [(change.state, bool(change.reason)) for change in changes] == [(PlayState.MISSED, True)]


def test_a_full_queue_refuses_the_least_urgent() -> None:
    """A warning of danger to life is never refused for a queue of notices."""
    arbiter = Arbiter(limit=2)
    for name in ("n1", "n2"):
        arbiter.submit(announcement(name, Priority.NOTICE), 0)
    refused = arbiter.submit(announcement("n3", Priority.NOTICE), 0)[-1]
    assert (refused.announcement, refused.state) == ("n3", PlayState.FAILED)
    assert "full" in refused.reason
    evicted = arbiter.submit(announcement("l", Priority.LIFE_SAFETY), 0)[-1]
    assert (evicted.announcement, evicted.state) == ("n2", PlayState.FAILED)
    assert [waiting.id for waiting in arbiter.queue] == ["l", "n1"]


def test_memory_of_ended_announcements_is_bounded() -> None:
    """A box that runs for years does not remember every id; what waits it never forgets."""
    arbiter = Arbiter()
    arbiter.submit(announcement("kept", Priority.TEST), 0)
    for index in range(REMEMBERED + 50):
        arbiter.submit(announcement(f"{index}"), 0)
        arbiter.take(0)
        arbiter.end(PlayState.FINISHED)
    assert arbiter.state_of("0") is None
    assert arbiter.state_of(f"{REMEMBERED + 49}") == PlayState.FINISHED
    assert arbiter.state_of("kept") == PlayState.QUEUED


def test_an_end_must_be_an_end() -> None:
    """Mistakes of the caller are told, not kept."""
    arbiter = Arbiter()
    with pytest.raises(ValueError, match="on air"):
        arbiter.end(PlayState.FINISHED)
    with pytest.raises(ValueError, match="final"):
        arbiter.end(PlayState.QUEUED)


class ArbiterMachine(RuleBasedStateMachine):
    """Commands in any order, with a player that obeys each verdict at once."""

    def __init__(self) -> None:
        super().__init__()
        self.arbiter = Arbiter(limit=4)
        self.now = 0.0
        self.count = 0
        self.started = False
        self.history: dict[str, list[PlayState]] = {}
        self.known: dict[str, Announcement] = {}

    def _note(self, changes: list[Change]) -> None:
        for change in changes:
            states = self.history.setdefault(change.announcement, [])
            assert not FINAL_STATES.intersection(states), "a second end"
            assert bool(change.reason) == (
                change.state not in (PlayState.QUEUED, PlayState.STARTED, PlayState.FINISHED)
            )
            states.append(change.state)

    def _obey(self) -> None:
        verdict = self.arbiter.verdict()
        if verdict is None:
            return
        if not self.started and verdict.state is PlayState.INTERRUPTED:
            self.arbiter.put_back()
        else:
            self._note([self.arbiter.end(verdict.state, verdict.reason)])
        self.started = False

    @rule(
        priority=st.sampled_from(Priority),
        lasts=st.none() | st.floats(0, 5),
    )
    def submit(self, priority: Priority, lasts: float | None) -> None:
        self.count += 1
        expires = None if lasts is None else self.now + lasts
        given = announcement(f"{self.count}", priority, expires_mono_s=expires)
        self.known[given.id] = given
        self._note(self.arbiter.submit(given, self.now))
        self._obey()

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def submit_again(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(sorted(self.known)))
        assert self.arbiter.submit(self.known[known], self.now) == []

    @rule(seconds=st.floats(0, 3))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self._note(self.arbiter.expire(self.now))

    @rule()
    def take(self) -> None:
        taken, changes = self.arbiter.take(self.now)
        self._note(changes)
        if taken is not None:
            assert taken.expires_mono_s is None or self.now < taken.expires_mono_s
            assert all(taken.priority <= waiting.priority for waiting in self.arbiter.queue)

    @precondition(lambda self: self.arbiter.on_air and not self.started)
    @rule()
    def first_sample(self) -> None:
        self._note([self.arbiter.started()])
        self.started = True

    @precondition(lambda self: self.arbiter.on_air)
    @rule(state=st.sampled_from([PlayState.FINISHED, PlayState.FAILED]))
    def end(self, state: PlayState) -> None:
        reason = "It broke." if state is PlayState.FAILED else ""
        self._note([self.arbiter.end(state, reason)])
        self.started = False

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        wanted = data.draw(st.none() | st.sampled_from(sorted(self.known)))
        self._note(self.arbiter.stop(wanted, "Stopped."))
        self._obey()

    @invariant()
    def nothing_less_urgent_plays_while_more_urgent_waits(self) -> None:
        playing = self.arbiter.on_air
        if playing is not None:
            assert all(playing.priority <= waiting.priority for waiting in self.arbiter.queue)

    @invariant()
    def each_is_waiting_or_on_air_or_ended(self) -> None:
        waiting = [entry.id for entry in self.arbiter.queue]
        live = waiting + ([self.arbiter.on_air.id] if self.arbiter.on_air else [])
        assert len(set(live)) == len(live)
        assert len(waiting) <= 5
        for name, states in self.history.items():
            assert states[0] is PlayState.QUEUED
            assert (states[-1] in FINAL_STATES) == (name not in live)
            assert self.arbiter.state_of(name) == states[-1]

    def teardown(self) -> None:
        """Everything comes to its end."""
        self._note(self.arbiter.stop(None, "The end."))
        self._obey()
        assert self.history.keys() == self.known.keys()
        assert all(states[-1] in FINAL_STATES for states in self.history.values())


TestArbiterMachine = ArbiterMachine.TestCase
TestArbiterMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
