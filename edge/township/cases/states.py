"""The way of a case, as pure rules: 受理转办 → 协调处置 → 结果反馈 → 跟踪回访 → closed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.errors import CaseRefused


class State(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    HANDLING = "handling"
    REPORTED = "reported"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    FALSE_ALARM = "false_alarm"


class Action(StrEnum):
    """What somebody may do to a case."""

    ACCEPT = "accept"
    ASSIGN = "assign"
    DECLINE = "decline"
    START = "start"
    REPORT = "report"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    CALL_BACK = "call_back"
    CALL_AGAIN = "call_again"
    FALSE_ALARM = "false_alarm"
    REOPEN = "reopen"
    HAND_OVER = "hand_over"
    NOTE = "note"
    PHOTO = "photo"
    ESCALATE = "escalate"


ENDED = frozenset({State.CLOSED, State.FALSE_ALARM})
OPEN = tuple(state for state in State if state not in ENDED)
STAGES: tuple[tuple[str, tuple[State, ...]], ...] = (
    ("take", (State.RECEIVED, State.ACCEPTED, State.ASSIGNED)),
    ("handle", (State.HANDLING,)),
    ("report", (State.REPORTED,)),
    ("call", (State.FOLLOW_UP,)),
)
"""The four stages of a township's closed loop, and which states belong to each."""

_AT_WORK = (State.ACCEPTED, State.ASSIGNED, State.HANDLING)
_WAYS: dict[Action, tuple[tuple[State, ...], State | None]] = {
    Action.ACCEPT: ((State.RECEIVED,), State.ACCEPTED),
    Action.ASSIGN: (_AT_WORK, State.ASSIGNED),
    Action.DECLINE: ((State.ASSIGNED, State.HANDLING), State.ACCEPTED),
    Action.START: ((State.ACCEPTED, State.ASSIGNED), State.HANDLING),
    Action.REPORT: (_AT_WORK, State.REPORTED),
    Action.SEND_BACK: ((State.REPORTED,), State.HANDLING),
    Action.APPROVE: ((State.REPORTED,), State.FOLLOW_UP),
    Action.CALL_BACK: ((State.FOLLOW_UP,), State.CLOSED),
    Action.CALL_AGAIN: ((State.FOLLOW_UP,), State.HANDLING),
    Action.FALSE_ALARM: (
        (State.RECEIVED, *_AT_WORK, State.REPORTED, State.FOLLOW_UP),
        State.FALSE_ALARM,
    ),
    Action.REOPEN: ((State.CLOSED, State.FALSE_ALARM), State.ACCEPTED),
    Action.HAND_OVER: (tuple(state for state in OPEN if state is not State.RECEIVED), None),
    Action.NOTE: (tuple(State), None),
    Action.PHOTO: (OPEN, None),
    Action.ESCALATE: (OPEN, None),
}
NEEDS_WORDS = frozenset(
    {
        *(Action.DECLINE, Action.REPORT, Action.SEND_BACK, Action.CALL_BACK, Action.CALL_AGAIN),
        *(Action.FALSE_ALARM, Action.REOPEN, Action.NOTE),
    }
)
"""Actions that are nothing without a reason or a result in words."""

NEEDS_PERSON = frozenset({Action.ASSIGN, Action.HAND_OVER})


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to do.

    Attributes:
        who: Sign-in name, or `township` for the house itself.
        words: The reason, the result, or what was said on the telephone.
        to: Whom a case is given to, where the action names somebody.
    """

    action: Action
    who: str
    words: str = ""
    to: str = ""


def next_state(state: State, wish: Wish) -> State:
    """Where a case stands afterwards; the state itself where the action does not move it.

    Raises:
        CaseRefused: The action does not fit the state, or its words or its person are missing.
    """
    sources, target = _WAYS[wish.action]
    if state not in sources:
        raise CaseRefused(
            "This case has moved on, so this step no longer fits. Look at the case again."
        )
    if wish.action in NEEDS_WORDS and not wish.words.strip():
        raise CaseRefused("This step needs a sentence in words. Write it and try again.")
    if wish.action in NEEDS_PERSON and not wish.to:
        raise CaseRefused("This step needs a person. Choose one and try again.")
    return target or state


def possible(state: State) -> frozenset[Action]:
    """What can be done to a case that stands here, whoever asks."""
    return frozenset(action for action, (sources, _) in _WAYS.items() if state in sources)


def stage_of(state: State) -> int:
    """Number of the stage, 0 to 3; 4 when the case has ended."""
    for number, (_, states) in enumerate(STAGES):
        if state in states:
            return number
    return len(STAGES)
