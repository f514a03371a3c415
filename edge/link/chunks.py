"""Pieces of a picture for the township: one at a time, behind every alert, and never in a hurry.

The township pulls, so the hub keeps no state of a transfer and a lost piece is simply asked for
again. A piece is small enough that an alert waits for at most a fraction of a second, and between
two of them the uplink rests for 40 % of the time.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from edge.errors import EdgeError, MessageRefused, StoreError
from edge.link import topics
from edge.link.messages import MAX_CHUNK_BYTES, Chunk, Command, EvidenceOrder, Pull
from edge.link.outbox import Grants

_log = logging.getLogger(__name__)

_LANE = 5
_MOST_WAITING = 8
_REST = 0.4 / 0.6
_SMALLEST_BYTES = 2 * 1024
_SLOW_S = 0.3
_QUICK_S = 0.1
_LOST_S = 30.0
_NO_CLIPS = "This box keeps no recordings."
_GONE = "The picture is no longer kept on the box of the village."

Read = Callable[[str], bytes | None]
"""The picture of a SHA-256; None when it is not kept any more."""


class Clips(Protocol):
    """The recordings of incidents; errors are `StoreError`."""

    def find(self, incident: str) -> tuple[str, str]:
        """SHA-256 of the recording of an incident, or empty and a sentence that says why."""
        ...

    def piece(self, sha256: str, offset: int, length: int) -> tuple[int, bytes] | None:
        """Size of the whole and a piece of it; None if this is no recording that is kept."""
        ...


class Chunks:
    """Answers `pull`; every method is called on the dispatcher's thread, `allow` on any."""

    def __init__(
        self,
        grants: Grants,
        read: Read,
        publish: Callable[[str, bytes], int | None],
        *,
        hub: str,
        is_calm: Callable[[], bool],
        allows: Callable[[int, int], bool],
        clips: Clips | None = None,
    ) -> None:
        """Nothing is read before it is asked for.

        Args:
            grants: Which pictures may be fetched.
            read: Gives a picture.
            publish: Hands a message to the connection.
            hub: Id of this box.
            is_calm: Whether nothing more urgent is under way.
            allows: Whether so many bytes of a lane may be sent today.
            clips: Recordings; without them orders for one are answered with a sentence.
        """
        self._grants = grants
        self._read = read
        self._publish = publish
        self._hub = hub
        self._is_calm = is_calm
        self._allows = allows
        self._clips = clips
        self._waiting: OrderedDict[str, Pull] = OrderedDict()
        self._under_way: tuple[int, float] | None = None
        self._rest_until = 0.0
        self._piece_bytes = MAX_CHUNK_BYTES // 2
        self._opened: tuple[str, bytes | None] = ("", None)

    def allow(self, command: Command) -> str:
        """Let the picture of an order be fetched; returns a sentence if it cannot be.

        Raises:
            MessageRefused: The order is not complete, or the picture is not of that incident.
        """
        try:
            order = EvidenceOrder.model_validate(command.data)
        except ValueError as error:
            raise MessageRefused(f"The order {command.name} is not complete: {error}.") from error
        if order.kind == "clip":
            return self._allow_clip(command.id, order.incident)
        if order.sha256 is None or not self._grants.is_evidence(order.incident, order.sha256):
            raise MessageRefused("The picture that is asked for belongs to no incident here.")
        if self._read(order.sha256) is None:
            return _GONE
        self._grants.grant(command.id, order.sha256)
        return ""

    def _allow_clip(self, order: str, incident: str) -> str:
        if self._clips is None:
            return _NO_CLIPS
        sha256, problem = self._clips.find(incident)
        if sha256:
            self._grants.grant(order, sha256)
        return problem

    def begin(self) -> None:
        """A new connection: the township asks again for what it lacks."""
        self._waiting.clear()
        self._under_way = None

    def asked(self, pull: Pull) -> None:
        """The township wants a piece; a newer wish of one transfer replaces an older one."""
        self._waiting.pop(pull.transfer, None)
        self._waiting[pull.transfer] = pull
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popitem(last=False)

    def published(self, mid: int, now: float) -> bool:
        """The broker has the piece; learn from how long it took. False if it is none of ours."""
        if self._under_way is None or self._under_way[0] != mid:
            return False
        took_s = now - self._under_way[1]
        self._under_way = None
        self._rest_until = now + took_s * _REST
        if took_s > _SLOW_S:
            self._piece_bytes = max(_SMALLEST_BYTES, self._piece_bytes // 2)
        elif took_s < _QUICK_S:
            self._piece_bytes = min(MAX_CHUNK_BYTES // 2, self._piece_bytes * 2)
        return True

    def next_moment(self) -> float | None:
        """When there is something to do, in monotonic seconds."""
        return self._rest_until if self._waiting and self._under_way is None else None

    def send(self, now: float) -> None:
        """Send the next piece if this is the moment for it."""
        if self._under_way is not None and now - self._under_way[1] > _LOST_S:
            self._under_way = None
        if not self._waiting or self._under_way is not None or now < self._rest_until:
            return
        if not self._is_calm() or not self._allows(_LANE, self._piece_bytes):
            self._rest_until = now + _QUICK_S
            return
        transfer, pull = next(iter(self._waiting.items()))
        mid = self._publish(topics.chunk(self._hub, transfer), self._piece(pull))
        if mid is not None:
            self._waiting.pop(transfer)
            self._under_way = (mid, now)

    def _piece(self, pull: Pull) -> bytes:
        length = min(pull.length, self._piece_bytes)
        try:
            if (clip := self._of_clip(pull, length)) is not None:
                return clip
            whole = self._picture(pull.transfer)
        except StoreError as error:
            _log.warning("link transfer=%s unreadable=%s", pull.transfer, error)
            whole = None
        if whole is None:
            return Chunk(offset=0, size=0, problem=_GONE).framed(b"")
        piece = whole[pull.offset : pull.offset + length]
        return Chunk(offset=pull.offset, size=len(whole)).framed(piece)

    def _of_clip(self, pull: Pull, length: int) -> bytes | None:
        """A framed piece if the transfer is a clip's; clips are not held in memory."""
        sha256 = self._grants.granted(pull.transfer)
        if self._clips is None or sha256 is None:
            return None
        found = self._clips.piece(sha256, pull.offset, length)
        if found is None:
            return None
        return Chunk(offset=pull.offset, size=found[0], sha256=sha256).framed(found[1])

    def _picture(self, transfer: str) -> bytes | None:
        """The bytes behind a transfer; the last one is kept at hand for its next piece."""
        if self._opened[0] != transfer:
            sha256 = self._grants.granted(transfer)
            try:
                self._opened = (transfer, None if sha256 is None else self._read(sha256))
            except EdgeError:
                self._opened = ("", None)
                raise
        return self._opened[1]
