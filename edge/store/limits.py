"""How much the memory of the box may hold, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from edge.store.records import Lane

DAY_S = 86_400.0
MEGABYTE = 1 << 20

_LASTS_S: Mapping[Lane, float] = MappingProxyType(
    {Lane.RECEIPT: 30 * DAY_S, Lane.CAMERA_HEALTH: 7 * DAY_S, Lane.THUMBNAIL: 3 * DAY_S}
)


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """Bounds of the outbox; alerts are never among what is dropped.

    Attributes:
        max_rows, max_bytes: Beyond these the least urgent and oldest rows go, and are reported.
        lasts_s: Useful life by lane where the entry itself names none; the others last for ever.
        keep_sent_s: For so long rows can be sent again although the township once had them.
        keep_sent_bytes: Of those, so much text and pictures.
    """

    max_rows: int = 20_000
    max_bytes: int = 64 * MEGABYTE
    lasts_s: Mapping[Lane, float] = field(default_factory=lambda: _LASTS_S)
    keep_sent_s: float = 14 * DAY_S
    keep_sent_bytes: int = 32 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long what is over is remembered; open and unsent incidents always are.

    Attributes:
        incidents_s: Incidents that are closed and known to the township, and what was said.
        orders_s: Orders and their answers; their replays are late by then anyway.
        audit_s: Who did what.
    """

    incidents_s: float = 365 * DAY_S
    orders_s: float = 90 * DAY_S
    audit_s: float = 3 * 365 * DAY_S
