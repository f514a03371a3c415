"""What the box does for its own memory once a minute: bounds, the daily account, forgetting."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from edge.clock import Clock
from edge.conditions import MEGABYTE
from edge.errors import StoreError
from edge.settings.schema import HubStateSection
from edge.store.evidence import EvidenceStore
from edge.store.hub import HubStore
from edge.store.limits import DAY_S, OutboxLimits, Retention

log = logging.getLogger(__name__)

_CHINA = timedelta(hours=8)


def outbox_limits(state: HubStateSection) -> OutboxLimits:
    """The bounds of the outbox by the settings."""
    return OutboxLimits(
        max_bytes=state.outbox_mb * MEGABYTE,
        keep_sent_s=state.keep_sent_days * DAY_S,
        keep_sent_bytes=state.outbox_mb * MEGABYTE // 2,
    )


class Upkeep:
    """Blocks on the disk; called on a thread of its own."""

    def __init__(
        self, state: HubStateSection, store: HubStore, evidence: EvidenceStore, clock: Clock
    ) -> None:
        self._state = state
        self._store = store
        self._evidence = evidence
        self._clock = clock
        self._retention = Retention(
            incidents_s=state.keep_incidents_days * DAY_S, audit_s=state.keep_audit_days * DAY_S
        )
        store.limits = outbox_limits(state)

    def run(self) -> None:
        """Keep evidence within its budget, and let go of what the township knows."""
        store = self._store
        try:
            told = [i for i in store.open_incidents() if i.kind == "store_fault" and i.sent]
            if told and store.quarantined:
                store.quarantine_reported()
            self._evidence.prune(self._state.evidence_mb * MEGABYTE, keep=store.evidence_in_use())
            store.queue_digest(self._today())
            store.prune_sent()
            gone = store.forget_old(self._retention)
            if gone:
                log.info("memory forgot=%d", gone)
        except StoreError as error:
            log.warning("upkeep failed reason=%s", error)

    def _today(self) -> str:
        # The township counts its days by China's one time zone.
        return (datetime.fromtimestamp(self._clock.wall(), tz=UTC) + _CHINA).date().isoformat()
