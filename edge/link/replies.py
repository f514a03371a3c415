"""Answers to orders that the broker has not taken yet; the newest of each order is kept."""

from __future__ import annotations

from collections import OrderedDict

from edge.link.messages import Reply

_KEPT = 256


class Replies:
    """Kept until the broker took them, so that a new connection can begin with them."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Reply] = OrderedDict()
        self._by_mid: dict[int, str] = {}

    def keep(self, reply: Reply) -> None:
        """Remember an answer; an older one to the same order is forgotten."""
        self._waiting[reply.command] = reply
        self._waiting.move_to_end(reply.command)
        while len(self._waiting) > _KEPT:
            self._waiting.popitem(last=False)

    def sent(self, reply: Reply, mid: int) -> None:
        """It was handed to the connection under this message id."""
        self._by_mid[mid] = reply.command

    def taken(self, mid: int) -> None:
        """The broker has it."""
        self._waiting.pop(self._by_mid.pop(mid, ""), None)

    def begin(self) -> list[Reply]:
        """A new connection: everything that has to be said again."""
        self._by_mid.clear()
        return list(self._waiting.values())
