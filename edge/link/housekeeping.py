"""The orders that the link of a hub carries out itself: none of them makes a sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from edge.clock import Clock
from edge.errors import MessageRefused
from edge.link.chunks import Chunks
from edge.link.messages import Command, Message, RepairOrder, Reply, ResyncOrder
from edge.link.orders import answer
from edge.link.outbox import Outbox
from edge.link.tuning import Tuning

M = TypeVar("M", bound=Message)

_NO_TALK = "This box cannot let the township talk live yet. Send the words as an announcement."


class Housekeeping:
    """Carries out `resync`, `repair`, `evidence` and `config`; refuses `talk`.

    The methods run on the threads of orders.
    """

    def __init__(
        self,
        outbox: Outbox,
        chunks: Chunks,
        tuning: Tuning,
        *,
        clock: Clock,
        resync: Callable[[int], None],
        wake: Callable[[], None],
    ) -> None:
        """Args: `resync` sends again from a number on; `wake` says that there is something new."""
        self._outbox = outbox
        self._chunks = chunks
        self._tuning = tuning
        self._clock = clock
        self._again = resync
        self._wake = wake

    def orders(self) -> Mapping[str, Callable[[Command], Reply]]:
        """What is carried out here, by name."""
        return {
            "resync": self._resync,
            "repair": self._repair,
            "evidence": self._evidence,
            "config": self._config,
            "talk": self._talk,
        }

    def _resync(self, command: Command) -> Reply:
        order = _data(ResyncOrder, command)
        if order.stream == self._outbox.stream_id:
            self._again(order.from_seq)
        return answer(command.id, "done", "", self._clock)

    def _repair(self, command: Command) -> Reply:
        order = _data(RepairOrder, command)
        back = self._outbox.requeue(order.stream, order.ranges)
        self._wake()
        wanted = sum(last - first + 1 for first, last in order.ranges)
        sentence = "" if back == wanted else f"{back} of {wanted} messages were still kept."
        return answer(command.id, "done", sentence, self._clock)

    def _evidence(self, command: Command) -> Reply:
        problem = self._chunks.allow(command)
        return answer(command.id, "failed" if problem else "done", problem, self._clock)

    def _config(self, command: Command) -> Reply:
        self._tuning.apply(command)
        return answer(command.id, "done", "", self._clock)

    def _talk(self, command: Command) -> Reply:
        return answer(command.id, "refused", _NO_TALK, self._clock)


def _data(model: type[M], command: Command) -> M:
    try:
        return model.model_validate(command.data)
    except ValueError as error:
        raise MessageRefused(f"The order {command.name} is not complete: {error}.") from error
