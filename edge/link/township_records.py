"""What the township's end of the link hands out, and how it talks, as plain records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.link.acking import Stored
from edge.link.connection import Address
from edge.link.messages import Birth, Chunk, Envelope, HubHeartbeat, HubState, Reply


@dataclass(frozen=True, slots=True)
class Received:
    """An event of a hub, parsed or not.

    Attributes:
        hub: Id of the hub by its topic; the broker's access list vouches for it.
        envelope: What it said; None when it could not be read.
        raw: The bytes as they came.
        problem: Why it is not as the contract says, a complete sentence; empty when it is. An
            envelope that claims another hub than its topic has one.
    """

    hub: str
    envelope: Envelope | None
    raw: bytes
    problem: str = ""


Ingest = Callable[[list[Received]], Sequence[Stored]]
"""Stores a batch in one transaction and returns what is committed, duplicates included. Runs on a
thread of its own. What it raises leaves the batch unacknowledged; it comes again."""


@dataclass(frozen=True, slots=True)
class TownshipLinkSettings:
    """How the console talks.

    Attributes:
        offer_time_every_s: How often hubs are told the time.
        write_heartbeats_every_s: Of several heartbeats of a hub within this time the last counts.
    """

    address: Address
    township: str
    offer_time_every_s: float = 600.0
    write_heartbeats_every_s: float = 0.5
    ping_every_s: float = 15.0
    ping_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class TownshipStatus:
    """How the link is.

    Attributes:
        refused: Messages that broke the contract since the start.
        fault: A complete sentence, empty when nothing is wrong.
    """

    connected: bool
    since_mono_s: float
    stored: int = 0
    refused: int = 0
    fault: str = ""
    round_trip_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who wants to know what hubs say beside events; called on the link's thread, so briefly."""

    on_state: Callable[[str, HubState], None] = lambda _hub, _state: None
    on_birth: Callable[[str, Birth], None] = lambda _hub, _birth: None
    on_heartbeat: Callable[[str, HubHeartbeat], None] = lambda _hub, _heartbeat: None
    on_reply: Callable[[str, Reply], None] = lambda _hub, _reply: None
    on_chunk: Callable[[str, str, Chunk, bytes], None] = lambda _hub, _transfer, _head, _piece: None
