"""What the township's end of the link hands out, and how it talks, as plain records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.link import topics
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
        worker: Name of a process that only stores events and shares them with others of its kind
            (MQTT 5 shared subscription); empty for the console itself.
        takes_events: False for a console whose workers store the events.
        batch: Most events of one transaction.
    """

    address: Address
    township: str
    offer_time_every_s: float = 600.0
    write_heartbeats_every_s: float = 0.5
    ping_every_s: float = 15.0
    ping_timeout_s: float = 10.0
    worker: str = ""
    takes_events: bool = True
    batch: int = 100

    @property
    def client_id(self) -> str:
        name = f"township-{self.township}"
        return f"{name}-{self.worker}" if self.worker else name

    @property
    def state_topic(self) -> str:
        """Only the console's own state makes hubs send again."""
        if self.worker:
            return topics.worker_state(self.township, self.worker)
        return topics.township_state(self.township)

    @property
    def leaves(self) -> tuple[str, ...]:
        """What an earlier start with other settings subscribed to."""
        if self.worker:
            return ()
        news = topics.worker_news(self.township)
        return (
            (*topics.but_events(), news) if self.takes_events else (topics.everything_from_hubs(),)
        )

    @property
    def filters(self) -> tuple[str, ...]:
        if self.worker:
            return (topics.shared_events(),)
        news = topics.worker_news(self.township)
        return (
            (topics.everything_from_hubs(),) if self.takes_events else (*topics.but_events(), news)
        )


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
    on_news: Callable[[bytes], None] = lambda _payload: None
    """What the workers of this township have just stored; a hint for open pages."""
