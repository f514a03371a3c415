"""Orders to villages: signed, kept before they are sent, and never sent late."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import ValidationError

from edge.clock import Clock
from edge.errors import LinkError
from edge.events import Bus, Change
from edge.ids import uuid7
from edge.link.messages import (
    AnnounceOrder,
    Command,
    CommandName,
    ConfigOrder,
    EvidenceOrder,
    FeedbackOrder,
    Message,
    RepairOrder,
    ResyncOrder,
    StopOrder,
    read,
)
from edge.link.signing import SIGNED, SigningKey
from edge.township.cases.verdicts import Verdict
from edge.township.ingest import Repair, Resync
from edge.township.store import Store
from edge.township.store.records import Order

log = logging.getLogger(__name__)

LASTS_S = 120.0
FETCH_LASTS_S = 86_400.0
"""A hub that is away today may still give the picture when it is back."""

GRACE_S = 10.0
"""An answer may be this late before we say that none came."""

AGAIN_S = 15.0
FEEDBACK_LASTS_S = 7 * 86_400.0
FEEDBACK_AGAIN_S = 3600.0
"""A box that is away for days must not find a heap of the same answer at its broker."""

UNANSWERED = "No answer from the village; the order has lapsed."
HOUSE = "township"
"""Issuer of orders that no person gave."""


class Orders:
    """The township's own outbox of orders. Every method may block on the store.

    Args:
        key: Signs orders; None allows only those that make no sound.
        send: Hands a command to the link; raises `LinkError` when there is no connection.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        *,
        key: SigningKey | None,
        send: Callable[[Command], None],
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._key = key
        self._send = send
        self._dispatching = threading.Lock()
        self._sent_mono_s: dict[str, float] = {}

    @property
    def may_speak(self) -> bool:
        """Whether there is a key that villages could believe."""
        return self._key is not None

    def announce(
        self, hub: str, order: AnnounceOrder, issuer: str, *, lasts_s: float = LASTS_S
    ) -> str:
        """Say something in a village.

        Returns:
            Id of the command; its state is in the store.

        Raises:
            LinkError: No signing key, or no such village.
            StoreError: It could not be kept, and was not sent.
        """
        return self._give("announce", hub, order, issuer, lasts_s=lasts_s)

    def stop_sound(self, hub: str, issuer: str, announcement: str | None = None) -> str:
        """Silence one announcement, or everything, in a village; errors as `announce`."""
        return self._give("stop", hub, StopOrder(announcement=announcement), issuer)

    def resync(self, wish: Resync) -> str:
        """Ask a hub to send what it still has; makes no sound, needs no key."""
        order = ResyncOrder(stream=wish.stream, from_seq=wish.from_seq)
        return self._give("resync", wish.hub, order, HOUSE)

    def repair(self, wish: Repair) -> str:
        """Ask a hub for rows that are lost here; makes no sound, needs no key."""
        order = RepairOrder(stream=wish.stream, ranges=wish.ranges)
        return self._give("repair", wish.hub, order, HOUSE)

    def fetch(self, hub: str, order: EvidenceOrder, issuer: str) -> str:
        """Ask a hub to let a picture be fetched; errors as `announce`."""
        return self._give("evidence", hub, order, issuer, lasts_s=FETCH_LASTS_S)

    def configure(self, hub: str, order: ConfigOrder, issuer: str) -> str:
        """Change the few settings a township may change; errors as `announce`."""
        return self._give("config", hub, order, issuer, lasts_s=FETCH_LASTS_S)

    def tell(self, verdict: Verdict) -> None:
        """Tell a hub what people found out about its incident; it waits a week for the hub."""
        order = FeedbackOrder(
            incident_id=verdict.incident,
            verdict=verdict.verdict,
            reason=verdict.reason,
            by=verdict.by,
            at=datetime.fromtimestamp(verdict.at, tz=UTC),
        )
        self._give("feedback", verdict.hub, order, verdict.by, lasts_s=FEEDBACK_LASTS_S)

    def dispatch(self) -> None:
        """Send what waits and is not late; end what nobody answered in time."""
        with self._dispatching:
            self._dispatch()

    def _dispatch(self) -> None:
        now = self._clock.wall()
        lapsed = self._store.expire_orders(now=now, grace_s=GRACE_S, sentence=UNANSWERED)
        if lapsed:
            self._bus.publish(Change("play"))
        waiting = self._store.waiting_orders(now=now)
        self._sent_mono_s = {
            order.id: self._sent_mono_s[order.id]
            for order in waiting
            if order.id in self._sent_mono_s
        }
        for order in waiting:
            if not self._is_due(order):
                continue
            try:
                self._send(read(Command, order.message.encode()))
            except LinkError as error:
                log.info("order waits id=%s reason=%r", order.id, str(error))
                return
            self._sent_mono_s[order.id] = self._clock.monotonic()
            self._store.mark_sent(order.id)
            self._bus.publish(Change("play", order.id))

    def _is_due(self, order: Order) -> bool:
        """Never sent in this life, or sent and not answered; a repeated id never sounds twice."""
        sent = self._sent_mono_s.get(order.id)
        again_s = FEEDBACK_AGAIN_S if order.name == "feedback" else AGAIN_S
        return sent is None or self._clock.monotonic() - sent >= again_s

    def _give(
        self,
        name: CommandName,
        hub: str,
        order: Message,
        issuer: str,
        *,
        lasts_s: float = LASTS_S,
    ) -> str:
        if self._store.hub(hub) is None:
            raise LinkError(f"The village box {hub!r} has never been heard of.")
        if self._key is None and name in SIGNED:
            raise LinkError(
                "This township has no signing key, so no village would obey. Set "
                "`command_key_id` and `command_key_file` in the `[link]` section."
            )
        now = self._clock.wall()
        try:
            command = Command(
                id=uuid7(now),
                name=name,
                hub=hub,
                issuer=issuer,
                issued_at=datetime.fromtimestamp(now, tz=UTC),
                expires_at=datetime.fromtimestamp(now + lasts_s, tz=UTC),
                nonce=secrets.token_hex(16),
                data=order.model_dump(mode="json", exclude_none=True),
            )
        except ValidationError as error:
            raise LinkError(f"The order cannot be given: {error.errors()[0]['msg']}.") from error
        if self._key is not None:
            command = self._key.sign(command)
        self._keep(command, now, lasts_s)
        log.info("order given id=%s name=%s hub=%s issuer=%r", command.id, name, hub, issuer)
        self.dispatch()
        self._bus.publish(Change("play", command.id))
        return command.id

    def _keep(self, command: Command, now: float, lasts_s: float) -> None:
        self._store.put_order(
            Order(
                id=command.id,
                hub=command.hub,
                name=command.name,
                issuer=command.issuer,
                data=json.dumps(command.data, ensure_ascii=False),
                message=command.to_bytes().decode(),
                state="queued",
                sentence="",
                issued_at=now,
                expires_at=now + lasts_s,
                answered_at=None,
                ended_at=None,
            )
        )
