"""Carry out what the township orders, and answer when it is over on every loudspeaker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, TypeVar

from broadcast.announcements import PlayState
from edge.announcing import AnnouncingDesk
from edge.clock import Clock
from edge.errors import MessageRefused
from edge.link.messages import (
    AnnounceOrder,
    Command,
    FeedbackOrder,
    Message,
    Reply,
    StopOrder,
)
from edge.store.records import PlayRecord

Outcome = Literal["accepted", "done", "refused", "expired", "failed"]
Answer = Callable[[str, Outcome, str], None]
Judge = Callable[[str, str, str, str], bool]
"""Writes down (incident, verdict, who, reason); False when the incident is not known."""

MOST_UNDER_WAY = 128


class Orders:
    """The hub's side of `cmd/announce` and `cmd/stop`; may be called from any thread.

    Attributes:
        answer: How the end of an order is told; set when the link is there.
        judge: Hears what the township found out about an incident; set when the house is there.
    """

    def __init__(
        self, announcing: AnnouncingDesk, *, clock: Clock, speakers: Callable[[], int]
    ) -> None:
        """Args: `speakers` tells on how many loudspeakers an announcement plays."""
        self._announcing = announcing
        self._clock = clock
        self._speakers = speakers
        self._lock = threading.Lock()
        self._ends: dict[str, list[PlayRecord]] = {}
        self.answer: Answer = lambda _command, _outcome, _sentence: None
        self.judge: Judge = lambda _incident, _verdict, _who, _reason: False

    def take(self, command: Command, expires_in_s: float) -> Reply:
        """Do what a checked, signed and new command asks for.

        Raises:
            MessageRefused: Its data is not what the order wants.
        """
        match command.name:
            case "announce":
                return self._announce(command, expires_in_s)
            case "stop":
                order = _order(StopOrder, command)
                self._announcing.stop(order.announcement)
                return self._reply(command, "done", "")
            case "feedback":
                return self._learn(command)
            case _:
                return self._reply(command, "refused", f"The box knows no order {command.name!r}.")

    def finished(self, command: str, record: PlayRecord) -> None:
        """One speaker is done with what a command asked for."""
        with self._lock:
            ends = self._ends.get(command)
            if ends is None:
                return
            ends.append(record)
            if len(ends) < max(1, self._speakers()):
                return
            del self._ends[command]
        played = any(end.state == PlayState.FINISHED for end in ends)
        reason = next((end.reason for end in ends if end.reason), "")
        self.answer(command, "done" if played else "failed", "" if played else reason)

    def _learn(self, command: Command) -> Reply:
        said = _order(FeedbackOrder, command)
        verdict = "" if said.verdict == "withdrawn" else said.verdict
        if not self.judge(said.incident_id, verdict, said.by or command.issuer, said.reason):
            return self._reply(command, "failed", "The incident is no longer kept on the box.")
        return self._reply(command, "done", "")

    def _announce(self, command: Command, expires_in_s: float) -> Reply:
        order = _order(AnnounceOrder, command)
        with self._lock:
            while len(self._ends) >= MOST_UNDER_WAY:
                self._ends.pop(next(iter(self._ends)))
            self._ends[command.id] = []
        if not self._announcing.township_says(command.id, order, expires_in_s=expires_in_s):
            with self._lock:
                self._ends.pop(command.id, None)
            return self._reply(command, "refused", "It was said before and is not repeated.")
        return self._reply(command, "accepted", "")

    def _reply(self, command: Command, outcome: Outcome, sentence: str) -> Reply:
        return Reply(
            command=command.id, outcome=outcome, sentence=sentence, time=self._clock.stamp().utc
        )


M = TypeVar("M", bound=Message)


def _order(model: type[M], command: Command) -> M:
    try:
        return model.model_validate(command.data)
    except ValueError as error:
        raise MessageRefused(f"The order {command.name} is not complete: {error}.") from error
