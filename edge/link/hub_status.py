"""How a hub talks, and how its link is at a moment, as plain records."""

from __future__ import annotations

from dataclasses import dataclass

from edge.link.connection import Address


@dataclass(frozen=True, slots=True)
class HubLinkSettings:
    """How a hub talks.

    Attributes:
        window: Rows that may be under way at once; emergencies may exceed it a little.
        guard_s: Seconds without an ack after which a row is sent again inside one connection.
        ping_every_s, ping_timeout_s: Round trips to the broker, and how long one may take.
        rebirth_spread_s: Hubs answer a township that came back within this many seconds.
        daily_mb: Megabytes (10^6) a day on a metered link; 0 means that it is not metered.
        reserve: Fraction of them that is kept for life safety.
    """

    address: Address
    hub: str
    township: str
    heartbeat_s: float = 30.0
    window: int = 64
    guard_s: float = 60.0
    ping_every_s: float = 15.0
    ping_timeout_s: float = 10.0
    rebirth_spread_s: float = 5.0
    daily_mb: int = 0
    reserve: float = 0.2


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the link is, for pages, heartbeat and watchdog.

    Attributes:
        since_mono_s: Since when it is connected or not.
        queued, oldest_age_s: Rows the township has not acknowledged, and the age of the oldest.
        last_ack_mono_s: When the township last acknowledged something; None before the first.
        fault: A complete sentence, empty when nothing is wrong.
        round_trip_ms: Of the last ping; None before the first.
        township: Whether the township's console is there; None if it never said.
    """

    connected: bool
    since_mono_s: float
    queued: int = 0
    oldest_age_s: float = 0.0
    last_ack_mono_s: float | None = None
    fault: str = ""
    round_trip_ms: float | None = None
    township: bool | None = None
