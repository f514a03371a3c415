"""The desk where cases are moved: rules, deadlines, story, audit and hints in one place."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal

from edge.clock import Clock
from edge.errors import CaseRefused, EdgeError
from edge.events import Bus, Change
from edge.township.cases.deadlines import Deadlines
from edge.township.cases.photos import Photo
from edge.township.cases.states import ENDED, Action, State, Wish, next_state
from edge.township.cases.verdicts import Verdict
from edge.township.store.case_records import QUEUE_ENDED, QUEUE_NEW, QUEUE_OPEN, Case, CaseStep
from edge.township.store.casebook import CaseBook

log = logging.getLogger(__name__)

HOUSE = "township"
MOST_PHOTOS = 12
MOST_VERDICTS = 20
_TRIES = 5
_QUIET_FROM = frozenset({State.REPORTED, State.FOLLOW_UP, *ENDED})
"""From here on a new alert of the same camera and kind is a new matter."""


_VERDICTS: dict[Action, Literal["false_alarm", "confirmed", "withdrawn"]] = {
    Action.FALSE_ALARM: "false_alarm",
    Action.CALL_BACK: "confirmed",
    Action.REOPEN: "withdrawn",
}


class Desk:
    """Moves cases. Every method may block on the store.

    Args of the constructor:
        tell_hub: Is handed what people found out, after it was kept; may raise `EdgeError`.
    """

    def __init__(
        self,
        book: CaseBook,
        bus: Bus,
        clock: Clock,
        *,
        deadlines: Deadlines,
        tell_hub: Callable[[Verdict], None] = lambda _verdict: None,
    ) -> None:
        self._book = book
        self._bus = bus
        self._clock = clock
        self._tell_hub = tell_hub
        self.deadlines = deadlines

    def act(self, case: int, wish: Wish) -> Case:
        """Take one step and return the case as it stands afterwards.

        Raises:
            CaseRefused: There is no such case, or the step does not fit.
            StoreError: It could not be kept; nothing changed.
        """
        now = self._clock.wall()
        for _ in range(_TRIES):
            before = self._known(case)
            state = next_state(State(before.state), wish)
            values = self._values(before, state, wish, now)
            words = " ".join(wish.words.split())[:500]
            step = CaseStep(now, wish.who, wish.action.value, state.value, words, wish.to, "")
            if self._book.move(before, values, step):
                log.info("case=%d action=%s state=%s", case, wish.action.value, state.value)
                self._tell(before, wish, now)
                return self._known(case)
        raise CaseRefused("This case is changing at this moment. Try again.")

    def add_photo(self, case: int, photo: Photo, who: str) -> Case:
        """Keep a photo; the same one twice is kept once.

        Raises:
            CaseRefused: The case has ended or has its full number of photos.
        """
        now = self._clock.wall()
        for _ in range(_TRIES):
            before = self._known(case)
            next_state(State(before.state), Wish(Action.PHOTO, who))
            if self._book.photo(case, photo.sha256) is not None:
                return before
            if self._book.count_photos(case) >= MOST_PHOTOS:
                raise CaseRefused("This case has twelve photos already; no more are kept.")
            step = CaseStep(now, who, Action.PHOTO.value, before.state, "", "", photo.sha256)
            if self._book.add_photo(before, photo.jpeg, step):
                self._bus.publish(Change("case", str(case)))
                return self._known(case)
        raise CaseRefused("This case is changing at this moment. Try again.")

    def escalate(self, case: Case, to: str | None) -> bool:
        """Tell the next person, once: False when the case moved on since it was read.

        Args:
            case: As it was read.
            to: Whom; None when nobody is left, which is written down as well.
        """
        now = self._clock.wall()
        again = now + self.deadlines.again_s if to else None
        values = {"told": to or case.told, "level": case.level + 1, "next_at": again}
        step = CaseStep(now, HOUSE, Action.ESCALATE.value, case.state, "", to or "", "")
        if not self._book.move(case, values, step):
            return False
        log.warning("case=%d escalated to=%r level=%d", case.id, to or "", case.level + 1)
        self._bus.publish(Change("case", str(case.id)))
        return True

    def _known(self, case: int) -> Case:
        found = self._book.one(case)
        if found is None:
            raise CaseRefused("There is no case with this number. Look at the list.")
        return found

    def _values(self, before: Case, state: State, wish: Wish, now: float) -> dict[str, Any]:
        values: dict[str, Any] = _people(before, wish)
        if wish.action is Action.HAND_OVER or (
            state.value == before.state and wish.action is not Action.ASSIGN
        ):
            return values
        due = self.deadlines.due(before.kind, before.severity, state, now)
        values |= {
            "state": state.value,
            "queue": _queue_of(state),
            "since_at": now,
            "due_at": due,
            "next_at": due,
            "told": "",
            "level": 0,
            "ended_at": now if state in ENDED else None,
        }
        moments = {
            Action.ACCEPT: "accepted_at",
            Action.ASSIGN: "assigned_at",
            Action.START: "handling_at",
            Action.REPORT: "reported_at",
        }
        if wish.action in moments:
            values[moments[wish.action]] = now
        if state in _QUIET_FROM:
            values["open_key"] = None
        return values

    def _tell(self, before: Case, wish: Wish, now: float) -> None:
        self._bus.publish(Change("case", str(before.id)))
        verdict = _VERDICTS.get(wish.action)
        story = self._book.story(before.id) if verdict else None
        if verdict is None or story is None:
            return
        # What was said on the telephone when calling back is nothing for a box to learn from.
        reason = wish.words[:200] if wish.action is Action.FALSE_ALARM else ""
        for hub, incident in story.alerts[:MOST_VERDICTS]:
            try:
                self._tell_hub(Verdict(hub, incident, verdict, reason, wish.who, now))
            except EdgeError as error:
                # The case is closed all the same; the hub only learns less from it.
                log.warning("case=%d verdict not sent reason=%r", before.id, str(error))


def _people(before: Case, wish: Wish) -> dict[str, Any]:
    """Whose case it is after a step."""
    changes: dict[Action, dict[str, Any]] = {
        Action.ACCEPT: {"owner": wish.who},
        Action.ASSIGN: {"assignee": wish.to},
        Action.START: {"assignee": before.assignee or wish.who},
        Action.DECLINE: {"assignee": ""},
        Action.HAND_OVER: {"owner": wish.to},
        Action.REOPEN: {"owner": wish.who, "assignee": ""},
        Action.FALSE_ALARM: {"owner": before.owner or wish.who},
    }
    return changes.get(wish.action, {})


def _queue_of(state: State) -> int:
    """The part of the wall a state belongs to."""
    if state is State.RECEIVED:
        return QUEUE_NEW
    return QUEUE_ENDED if state in ENDED else QUEUE_OPEN
