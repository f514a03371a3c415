"""What the link asks of the memory of the box; `edge.store` provides it without knowing this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edge.clock import Stamp
from edge.link.messages import Window


class Entry(Protocol):
    """An event as the outbox gives it; see `edge.store.records.OutboxEntry`."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def lane(self) -> int: ...


class Row(Protocol):
    """An event with its sequence number and the moment it was written."""

    @property
    def seq(self) -> int: ...
    @property
    def entry(self) -> Entry: ...
    @property
    def created(self) -> Stamp: ...


class Numbers(Protocol):
    """The outbox as numbers; see `edge.store.records.OutboxWindow`."""

    @property
    def stream(self) -> str: ...
    @property
    def oldest(self) -> int: ...
    @property
    def next_seq(self) -> int: ...
    @property
    def queued(self) -> int: ...
    @property
    def oldest_age_s(self) -> float: ...


class Remembered(Protocol):
    """An order and its answer; see `edge.store.records.CommandRecord`."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def sentence(self) -> str: ...


class CommandMemory(Protocol):
    """Orders that were taken up; errors are `StoreError`."""

    def take_command(self, command_id: str, name: str, issuer: str) -> Remembered | None:
        """None when the order is new, else what was answered."""
        ...

    def answer_command(
        self, command_id: str, outcome: str, sentence: str, *, reply: bytes = b""
    ) -> None:
        """Remember the answer and queue it as an event, in one transaction."""
        ...

    def unfinished_commands(self) -> Sequence[Remembered]: ...


class Outbox(CommandMemory, Protocol):
    """What the township must still learn; errors are `StoreError`."""

    @property
    def stream_id(self) -> str: ...
    @property
    def boot(self) -> int: ...

    def pending(
        self, limit: int, in_flight: frozenset[int], *, backlog_until: int = 0
    ) -> Sequence[Row]:
        """Rows to send next, most urgent lane first, oldest first within a lane.

        Rows below `backlog_until` come after the fresh ones of their lane, newest first.
        """
        ...

    def acknowledge(self, stream: str, ranges: Sequence[tuple[int, int]]) -> int:
        """Forget rows the township has committed; inclusive ranges."""
        ...

    def window(self) -> Numbers: ...

    def expire(self) -> int:
        """Drop rows past their useful life; the township is told."""
        ...

    def coalesce(self) -> int:
        """Drop states that a later row supersedes; the township is told."""
        ...

    def requeue(self, stream: str, ranges: Sequence[tuple[int, int]]) -> int:
        """Queue acknowledged rows again; returns how many are still kept."""
        ...


class Grants(Protocol):
    """Which pictures the township may fetch; errors are `StoreError`."""

    def grant(self, order: str, sha256: str) -> None: ...

    def granted(self, order: str) -> str | None:
        """SHA-256 of what may be fetched under this order, or None."""
        ...

    def is_evidence(self, incident: str, sha256: str) -> bool:
        """Whether the picture belongs to the incident."""
        ...


class Settings(Protocol):
    """Small values that survive a restart; errors are `StoreError`."""

    def setting(self, key: str) -> str | None: ...

    def put_setting(self, key: str, value: str) -> None: ...


class Memory(Outbox, Grants, Settings, Protocol):
    """Everything the link asks of the memory of the box."""


def window_of(outbox: Outbox) -> Window:
    """The outbox as it goes on the wire."""
    numbers = outbox.window()
    return Window(
        stream=numbers.stream,
        oldest=numbers.oldest,
        next_seq=numbers.next_seq,
        queued=numbers.queued,
        oldest_age_s=numbers.oldest_age_s,
    )
