"""Both ends of the link as small as they can be, for tests of what lies between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from edge.clock import Clock
from edge.link.connection import Address
from edge.link.hub import HubLink, HubLinkSettings
from edge.link.messages import (
    Birth,
    Command,
    CommandName,
    Envelope,
    HubHeartbeat,
    HubState,
    Reply,
    TimeOffer,
    Window,
)
from edge.link.orders import answer
from edge.link.signing import SigningKey, TrustedKeys
from edge.link.township import (
    Listeners,
    Received,
    Stored,
    TownshipLink,
    TownshipLinkSettings,
)
from edge.store.hub import HubStore
from tests.fakes.broker_certificates import Identity
from tests.fakes.records import an_entry, an_incident

Protocol = Literal["5", "3.1.1"]
TOWNSHIP = "qingshan"
KEY = SigningKey.generate("town-1")


class Hub:
    """A store and a link, and what its handler was asked to do."""

    def __init__(
        self,
        folder: Path,
        port: int,
        protocol: Protocol,
        clock: Clock,
        *,
        hub: str = "lin-jia-cun",
        ping_every_s: float = 0.5,
        ping_timeout_s: float = 1.0,
        guard_s: float = 60.0,
        identity: Identity | None = None,
        pictures: Callable[[str], bytes | None] = lambda _sha256: None,
        daily_mb: int = 0,
    ) -> None:
        self.clock = clock
        self.id = hub
        self.store = HubStore.open(folder, clock)
        self.obeyed: list[Command] = []
        self.offers: list[TimeOffer] = []
        self.obey: Callable[[Command], Reply] = lambda c: answer(c.id, "done", "好", clock)
        self.link = HubLink(
            HubLinkSettings(
                _address(port, protocol, hub, identity),
                hub,
                TOWNSHIP,
                heartbeat_s=0.5,
                guard_s=guard_s,
                ping_every_s=ping_every_s,
                ping_timeout_s=ping_timeout_s,
                rebirth_spread_s=0.1,
                daily_mb=daily_mb,
            ),
            self.store,
            self._handle,
            trusted_keys=TrustedKeys({KEY.id: KEY.public()}),
            birth=self._birth,
            heartbeat=self._heartbeat,
            clock=clock,
            on_time=self.offers.append,
            pictures=pictures,
            uniform=lambda low, high: low + (high - low) / 10,
        )

    def report(self, count: int = 1) -> list[str]:
        """Remember incidents and queue their alerts; returns the ids of the incidents."""
        ids = []
        for _ in range(count):
            incident = an_incident(self.clock)
            self.store.save_incident(incident, [an_entry(incident)])
            ids.append(incident.id)
        self.link.wake()
        return ids

    def close(self) -> None:
        self.link.stop(1.0)
        self.store.close()

    def _handle(self, command: Command, _expires_in_s: float) -> Reply:
        self.obeyed.append(command)
        return self.obey(command)

    def _birth(self, window: Window) -> Birth:
        return Birth(
            boot=self.store.boot,
            stream=window.stream,
            version="test",
            village="林家村",
            window=window,
            time=_now(self.clock),
            clocktrusted=self.clock.trusted(),
        )

    def _heartbeat(self, window: Window) -> HubHeartbeat:
        return HubHeartbeat(
            boot=self.store.boot,
            window=window,
            time=_now(self.clock),
            clocktrusted=self.clock.trusted(),
        )


class Township:
    """A link and a store made of a dictionary; keys absorb duplicates."""

    def __init__(
        self,
        port: int,
        protocol: Protocol,
        clock: Clock,
        *,
        ping_timeout_s: float = 1.0,
        identity: Identity | None = None,
    ) -> None:
        self.clock = clock
        self.stored: dict[tuple[str, str, int], Envelope] = {}
        self.came = 0
        self.refused: list[Received] = []
        self.states: list[tuple[str, HubState]] = []
        self.births: list[tuple[str, Birth]] = []
        self.heartbeats: list[tuple[str, HubHeartbeat]] = []
        self.replies: list[Reply] = []
        self.before_storing: Callable[[list[Received]], None] = lambda _batch: None
        self.acknowledges = threading.Event()
        self.acknowledges.set()
        self.link = TownshipLink(
            TownshipLinkSettings(
                _address(port, protocol, "township", identity),
                TOWNSHIP,
                ping_every_s=0.5,
                ping_timeout_s=ping_timeout_s,
            ),
            self._ingest,
            clock=clock,
            listeners=Listeners(
                on_state=lambda hub, state: self.states.append((hub, state)),
                on_birth=lambda hub, birth: self.births.append((hub, birth)),
                on_heartbeat=lambda hub, beat: self.heartbeats.append((hub, beat)),
                on_reply=lambda _hub, reply: self.replies.append(reply),
            ),
            uniform=lambda low, high: low + (high - low) / 10,
        )

    @property
    def incidents(self) -> list[str]:
        """Ids of incidents in the order they were stored."""
        return [
            str(envelope.data["id"])
            for envelope in self.stored.values()
            if envelope.type == "cn.village.incident.v1"
        ]

    def outcomes(self, command: Command) -> list[str]:
        return [reply.outcome for reply in self.replies if reply.command == command.id]

    def close(self) -> None:
        self.link.stop()

    def _ingest(self, batch: list[Received]) -> list[Stored]:
        self.before_storing(batch)
        rows = []
        for received in batch:
            self.came += 1
            envelope = received.envelope
            if received.problem or envelope is None:
                self.refused.append(received)
                continue
            self.stored.setdefault((received.hub, envelope.stream, envelope.seq), envelope)
            rows.append(Stored(received.hub, envelope.stream, envelope.seq))
        return rows if self.acknowledges.is_set() else []


def an_order(
    clock: Clock,
    *,
    number: int = 1,
    name: CommandName = "announce",
    data: dict[str, object] | None = None,
    hub: str = "lin-jia-cun",
    lasts_s: float = 60.0,
) -> Command:
    """An order of the township, not signed yet."""
    now = _now(clock)
    return Command(
        id=f"00000000-0000-4000-8000-{number:012d}",
        name=name,
        hub=hub,
        issuer="li",
        issued_at=now,
        expires_at=now + timedelta(seconds=lasts_s),
        nonce="0123456789abcdef",
        data={"text": "请注意防火"} if data is None else data,
    )


def _address(port: int, protocol: Protocol, name: str, identity: Identity | None) -> Address:
    if identity is None:
        return Address("127.0.0.1", port, protocol, username=name, keepalive_s=5)
    return Address(
        "127.0.0.1",
        port,
        protocol,
        ca=identity.ca,
        certificate=identity.certificate,
        key=identity.key,
        keepalive_s=5,
    )


def _now(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.wall(), tz=UTC)
