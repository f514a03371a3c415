"""Orders of the township on the hub: checked, taken once, carried out off the network, answered."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Literal, Protocol

from edge.clock import Clock
from edge.errors import EdgeError, MessageRefused, StoreError
from edge.link.connection import Arrived
from edge.link.messages import Command, Reply, TimeOffer, read
from edge.link.outbox import CommandMemory
from edge.link.signing import TrustedKeys

_log = logging.getLogger(__name__)

Outcome = Literal["accepted", "done", "refused", "expired", "failed"]
_WORKERS = 4
_REMEMBERED = 256
_HARMLESS_WHEN_LATE = frozenset({"resync", "repair", "feedback"})


class CommandHandler(Protocol):
    """Carries an order out. Runs on a thread of its own and may block.

    Returns a `Reply` made with `answer`. An outcome of `accepted` says that the end will be told
    later by `HubLink.answer`. Whatever it raises becomes the reply `failed`.
    """

    def __call__(self, command: Command, expires_in_s: float) -> Reply: ...


class Orders:
    """Takes the messages below `cmd/`.

    An order counts as late by the township's own time: our wall clock when it is trusted, else
    the last time the township offered, else what the broker says is left of it (MQTT 5). With
    none of these an order that makes sound is refused: nothing shouts late.
    """

    def __init__(
        self,
        hub: str,
        memory: CommandMemory,
        handle: CommandHandler,
        trusted: TrustedKeys,
        *,
        clock: Clock,
        say: Callable[[Reply], None],
        own: Mapping[str, Callable[[Command], Reply]],
    ) -> None:
        """Args: `own` are the orders that the link itself carries out, by name."""
        self._hub = hub
        self._memory = memory
        self._handle = handle
        self._trusted = trusted
        self._clock = clock
        self._say = say
        self._own = dict(own)
        self._offer: tuple[float, float] | None = None
        self._without_store: OrderedDict[str, None] = OrderedDict()
        # Stopping must never queue behind what it is to stop.
        self._others = ThreadPoolExecutor(_WORKERS, thread_name_prefix="order")
        self._stops = ThreadPoolExecutor(1, thread_name_prefix="order-stop")

    def begin(self) -> None:
        """Answer what was under way when the power went."""
        try:
            unfinished = self._memory.unfinished_commands()
        except StoreError as error:
            _log.warning("link orders_unread=%s", error)
            return
        for record in unfinished:
            self.answer(record.id, "failed", "The box was restarted before the order was done.")

    def close(self) -> None:
        for pool in (self._stops, self._others):
            pool.shutdown(wait=False, cancel_futures=True)

    def offered(self, offer: TimeOffer) -> None:
        """Remember the township's time for judging its own orders."""
        self._offer = (offer.time.timestamp(), self._clock.monotonic())

    def take(self, name: str, arrived: Arrived) -> None:
        """Take an order up; returns at once."""
        try:
            command = read(Command, arrived.payload)
        except MessageRefused as refusal:
            _log.warning("link order=%s unreadable=%s", name, refusal)
            arrived.ack()
            return
        pool = self._stops if command.name == "stop" else self._others
        pool.submit(self._carry_out, name, command, arrived)

    def answer(self, command_id: str, outcome: Outcome, sentence: str) -> None:
        """Remember the end of an order and tell the township, at once and by outbox."""
        reply = answer(command_id, outcome, sentence, self._clock)
        try:
            self._memory.answer_command(command_id, outcome, sentence, reply=reply.to_bytes())
        except StoreError as error:
            _log.warning("link order=%s answer_not_kept=%s", command_id, error)
        self._say(reply)

    def _carry_out(self, name: str, command: Command, arrived: Arrived) -> None:
        try:
            if self._may(name, command):
                expires_in_s = self._expires_in_s(command, arrived)
                if self._is_new(command):
                    arrived.ack()
                    self._obey(command, expires_in_s)
        except Exception:  # noqa: BLE001 - a handler's fault ends this order, not the link
            _log.exception("link order=%s name=%s failed", command.id, command.name)
            self.answer(command.id, "failed", "The box met an error of its own. Tell its service.")
        finally:
            arrived.ack()

    def _may(self, name: str, command: Command) -> bool:
        try:
            if command.name != name or command.hub != self._hub:
                raise MessageRefused("The order is for another box or of another name.")  # noqa: TRY301
            self._trusted.check(command)
        except MessageRefused as refusal:
            _log.warning("link order=%s name=%s refused=%s", command.id, command.name, refusal)
            self._reply(command.id, "refused", str(refusal))
            return False
        return True

    def _is_new(self, command: Command) -> bool:
        """Take the order up, or repeat the old answer."""
        try:
            known = self._memory.take_command(command.id, command.name, command.issuer)
        except StoreError as error:
            # A full disk must not silence the loudspeaker; a replay is then caught by this list.
            _log.warning("link order=%s not_kept=%s", command.id, error)
            seen = command.id in self._without_store
            self._without_store[command.id] = None
            while len(self._without_store) > _REMEMBERED:
                self._without_store.popitem(last=False)
            return not seen
        if known is None:
            return command.id not in self._without_store
        self._reply(command.id, _outcome(known.outcome), known.sentence)
        return False

    def _obey(self, command: Command, expires_in_s: float | None) -> None:
        if expires_in_s is None:
            sentence = "The box does not know the time, so it cannot tell whether this is late."
            self.answer(command.id, "refused", sentence)
        elif expires_in_s <= 0:
            self.answer(command.id, "expired", "The order came after its time.")
        else:
            self._reply(command.id, "accepted", "")
            try:
                reply = self._by_name(command, expires_in_s)
            except MessageRefused as refusal:
                self.answer(command.id, "refused", str(refusal))
                return
            except EdgeError as error:
                self.answer(command.id, "failed", str(error))
                return
            if reply.outcome != "accepted":
                self.answer(command.id, reply.outcome, reply.sentence)

    def _by_name(self, command: Command, expires_in_s: float) -> Reply:
        own = self._own.get(command.name)
        return own(command) if own else self._handle(command, expires_in_s)

    def _expires_in_s(self, command: Command, arrived: Arrived) -> float | None:
        expires_s = command.expires_at.timestamp()
        mono_s = self._clock.monotonic()
        left_by_broker = None
        if arrived.expires_in_s is not None:
            left_by_broker = arrived.expires_in_s - (mono_s - arrived.mono_s)
        if self._clock.trusted():
            return expires_s - self._clock.wall()
        if self._offer is not None:
            offered_s, at_mono_s = self._offer
            return expires_s - (offered_s + mono_s - at_mono_s)
        if command.name in _HARMLESS_WHEN_LATE:
            return 1.0
        return left_by_broker

    def _reply(self, command_id: str, outcome: Outcome, sentence: str) -> None:
        self._say(answer(command_id, outcome, sentence, self._clock))


def answer(command_id: str, outcome: Outcome, sentence: str, clock: Clock) -> Reply:
    """A reply with the time of now; a sentence that is too long is cut."""
    now = datetime.fromtimestamp(clock.wall(), tz=UTC)
    return Reply(command=command_id, outcome=outcome, sentence=sentence[:500], time=now)


def _outcome(text: str) -> Outcome:
    known: tuple[Outcome, ...] = ("accepted", "done", "refused", "expired", "failed")
    return next((outcome for outcome in known if outcome == text), "failed")
