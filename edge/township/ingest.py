"""From the wire into the store: a batch becomes one transaction, and only then is acknowledged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from edge.clock import Clock
from edge.errors import MessageRefused, StoreBusy
from edge.events import Bus
from edge.link.messages import (
    Birth,
    HubHeartbeat,
    HubState,
    Reply,
    Window,
)
from edge.link.township import Listeners, Received, Stored
from edge.township.applying import apply_event, raw_of
from edge.township.batch import Batch, Counts, Repair, Resync
from edge.township.cases.deadlines import Deadlines
from edge.township.gathering import sort_out, store_plain
from edge.township.store import Store, digests, hubs, inbox, many, orders
from edge.township.store.inbox import Claim, Key

__all__ = ["Counts", "Ingest", "Repair", "Resync"]

log = logging.getLogger(__name__)

ATTEMPTS = 4
"""How often a batch is tried that another worker stood in the way of."""


class Ingest:
    """Stores what hubs say; the link calls it from its one thread.

    Args of the constructor: `on_resync` is told, after the commit, whom to ask to send its outbox
    again, `on_repair` whom to ask for rows that are lost.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        *,
        on_resync: Callable[[Resync], None] = lambda _wish: None,
        on_repair: Callable[[Repair], None] = lambda _wish: None,
        deadlines: Deadlines | None = None,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._on_resync = on_resync
        self._on_repair = on_repair
        self._deadlines = deadlines
        self.counts = Counts()

    def __call__(self, received: list[Received]) -> list[Stored]:
        """Commit a batch of events as a whole.

        Returns:
            The rows that are now safe here, new or here before; their hubs may forget them.

        Raises:
            StoreError: Nothing of the batch was stored; it must be delivered again.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return self._store_all(received)
            except StoreBusy:
                # Another worker stood in the way; what it did is seen the next time.
                log.info("ingest batch=%d waits for another", len(received))
        return self._store_all(received)

    def _store_all(self, received: list[Received]) -> list[Stored]:
        with self._transaction() as batch:
            for one in _take_plain(batch, received):
                _take(batch, one)
            many.touch(batch.connection, batch.spoke, now=batch.now)
        return sorted(batch.kept, key=lambda row: (row.hub, row.stream, row.seq))

    def listeners(self) -> Listeners:
        """What else the link should tell us: states, births, heartbeats, answers."""
        return Listeners(
            on_state=self.hear_state,
            on_birth=self.hear_birth,
            on_heartbeat=self.hear_heartbeat,
            on_reply=self.hear_reply,
        )

    def hear_state(self, hub: str, state: HubState) -> None:
        with self._transaction() as batch:
            if hubs.apply_state(batch.connection, hub, state, now=batch.now):
                batch.tell("hub", hub)

    def hear_birth(self, hub: str, birth: Birth) -> None:
        with self._transaction() as batch:
            hubs.touch(batch.connection, hub, now=batch.now)
            hubs.apply_birth(batch.connection, hub, birth, now=batch.now)
            _look_for_gaps(batch, hub, birth.window)
            batch.tell("hub", hub)

    def hear_heartbeat(self, hub: str, beat: HubHeartbeat) -> None:
        with self._transaction() as batch:
            hubs.touch(batch.connection, hub, now=batch.now)
            hubs.apply_heartbeat(batch.connection, hub, beat, now=batch.now)
            _look_for_gaps(batch, hub, beat.window)
            batch.tell("hub", hub)

    def hear_reply(self, hub: str, reply: Reply) -> None:
        with self._transaction() as batch:
            if orders.apply_reply(batch.connection, hub, reply, now=batch.now):
                batch.tell("play", reply.command)
            else:
                sentence = f"Hub {hub} answered the order {reply.command}, which it never got."
                _refuse(batch, hub, sentence)

    @contextmanager
    def _transaction(self) -> Iterator[Batch]:
        """One commit; who listens is told after it, and only if it succeeded."""
        with self._store.database.write() as connection:
            batch = Batch(connection, self._clock.wall(), deadlines=self._deadlines)
            yield batch
        for name in Counts.__slots__:
            setattr(self.counts, name, getattr(self.counts, name) + getattr(batch.counts, name))
        for change in batch.changes:
            self._bus.publish(change)
        for wish in batch.resyncs:
            self._on_resync(wish)
        for lost in batch.repairs:
            self._on_repair(lost)


def _take_plain(batch: Batch, received: list[Received]) -> list[Received]:
    """Store what can go in few statements; gives back what must be taken one by one."""
    plain, rest = sort_out(received)
    if not plain:
        return rest
    changes = dict(batch.changes)
    try:
        with batch.connection.begin_nested():
            return store_plain(batch, plain) + rest
    except (
        MessageRefused,
        exc.DataError,
        exc.IntegrityError,
        OverflowError,
        UnicodeError,
    ) as error:
        # One of them is poison; the single way finds out which and flags it.
        log.info("ingest batch=%d goes one by one reason=%.200r", len(plain), str(error))
        batch.changes = changes
        return [one.received for one in plain] + rest


def _take(batch: Batch, received: Received) -> None:
    """One event; whatever it is, the others of its batch are not harmed."""
    envelope, hub = received.envelope, received.hub
    if envelope is None or received.problem or envelope.hub != hub:
        _refuse(batch, hub, received.problem or f"An event of {hub} names another hub.")
        return
    key = Key(hub, envelope.stream, envelope.seq)
    batch.spoke.add(hub)
    batch.kept.append(Stored(hub, envelope.stream, envelope.seq))
    if not _keep(batch, key, received):
        if inbox.event_id_of(batch.connection, key) == envelope.id:
            batch.counts.duplicates += 1
            return
        # The same number for another event: a copied memory card. Both are kept, never silently.
        _complain_of_clash(batch, key)
        key = Key(hub, f"{envelope.stream}#{envelope.id}", envelope.seq)
        if not _keep(batch, key, received):
            batch.counts.duplicates += 1
            return
    batch.counts.stored += 1
    try:
        # A savepoint: what cannot be used is kept raw, and its half-made rows are taken back.
        with batch.connection.begin_nested():
            apply_event(batch, key, envelope)
    except (MessageRefused, exc.DataError, exc.IntegrityError, OverflowError) as error:
        _flag(batch, key, str(error).split("\n", maxsplit=1)[0])


def _keep(batch: Batch, key: Key, received: Received) -> bool:
    envelope = received.envelope
    return envelope is not None and inbox.keep(
        batch.connection,
        key,
        event_id=envelope.id,
        type=envelope.type,
        raw=raw_of(envelope, received.raw),
        received_at=batch.now,
        stored_at=batch.now,
    )


def _complain_of_clash(batch: Batch, key: Key) -> None:
    sentence = (
        f"Row {key.seq} of hub {key.hub} came twice with different events; "
        "was its memory card copied?"
    )
    log.error("ingest clash hub=%s seq=%d", key.hub, key.seq)
    hubs.complain(batch.connection, key.hub, sentence, now=batch.now)
    batch.tell("hub", key.hub)


def _flag(batch: Batch, key: Key, problem: str) -> None:
    batch.counts.flagged += 1
    log.warning("ingest flagged hub=%s seq=%d problem=%r", key.hub, key.seq, problem)
    inbox.flag(batch.connection, key, problem[:500])
    hubs.complain(batch.connection, key.hub, problem, now=batch.now)
    batch.tell("hub", key.hub)


def _refuse(batch: Batch, hub: str, problem: str) -> None:
    batch.counts.refused += 1
    log.warning("ingest refused hub=%.48r problem=%.300r", hub, problem)
    if hub:
        hubs.complain(batch.connection, hub, problem, now=batch.now)
        batch.tell("hub", hub)


def _look_for_gaps(batch: Batch, hub: str, window: Window) -> None:
    claim = Claim(hub, window.stream, window.oldest, window.next_seq, window.oldest_age_s)
    from_seq = inbox.check(batch.connection, claim, now=batch.now)
    if from_seq is not None:
        batch.resyncs.append(Resync(hub, window.stream, from_seq))
    lost = inbox.missing_since(batch.connection, hub, window.stream, since=batch.now)
    if lost:
        batch.repairs.append(Repair(hub, window.stream, tuple(lost)))
    for stream, ranges in digests.check_again(batch.connection, hub, now=batch.now):
        batch.repairs.append(Repair(hub, stream, ranges))
