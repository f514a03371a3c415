"""Who may do which step: monitors lead a case, whoever was sent works on it."""

from __future__ import annotations

from typing import Protocol

from edge.people import Right
from edge.township.cases.states import Action, State, possible


class Somebody(Protocol):
    """A person, as far as rights go."""

    @property
    def name(self) -> str: ...

    def has(self, right: Right) -> bool: ...


class Matter(Protocol):
    """A case, as far as rights go."""

    @property
    def state(self) -> str: ...

    @property
    def assignee(self) -> str: ...


_LEADING = frozenset(Action) - {Action.ESCALATE, Action.DECLINE}
_SENT = frozenset({Action.START, Action.DECLINE, Action.REPORT, Action.NOTE, Action.PHOTO})


def may(person: Somebody, case: Matter) -> frozenset[Action]:
    """The steps this person may take with this case as it stands."""
    allowed: frozenset[Action] = frozenset()
    if person.has(Right.HANDLE):
        allowed |= _LEADING
    if case.assignee == person.name and (person.has(Right.FIELD) or person.has(Right.HANDLE)):
        allowed |= _SENT
    return allowed & possible(State(case.state))
