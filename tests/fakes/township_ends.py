"""The township's ingest, orders and pictures behind a real broker, without its pages."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edge.clock import Clock
from edge.errors import EdgeError
from edge.events import Bus
from edge.link.connection import Address
from edge.link.messages import Chunk, Reply
from edge.link.township import TownshipLink, TownshipLinkSettings
from edge.township.fleet import Fleet
from edge.township.ingest import Ingest
from edge.township.orders import Orders
from edge.township.pictures.fetching import Fetching, quietly
from edge.township.pictures.store import FileEvidence
from edge.township.store import Store
from tests.fakes.broker_ends import KEY, TOWNSHIP


class TownshipEnd:
    """A store with a link; `close` leaves the store to its owner."""

    def __init__(self, store: Store, port: int, clock: Clock, *, folder: Path) -> None:
        bus = Bus()
        self.store = store
        self.pieces = 0
        self.replies: dict[str, list[str]] = {}
        self._ingest = ingest = Ingest(
            store,
            bus,
            clock,
            on_resync=lambda wish: self._order(lambda: self.orders.resync(wish)),
            on_repair=lambda wish: self._order(lambda: self.orders.repair(wish)),
        )
        self.link = TownshipLink(
            TownshipLinkSettings(
                Address("127.0.0.1", port, "5", username="township", keepalive_s=5),
                TOWNSHIP,
                offer_time_every_s=0.5,
                write_heartbeats_every_s=0.05,
                ping_every_s=0.5,
                ping_timeout_s=1.0,
            ),
            ingest,
            clock=clock,
            listeners=replace(ingest.listeners(), on_chunk=self._take, on_reply=self._reply_came),
            uniform=lambda low, high: low + (high - low) / 10,
        )
        self.orders = Orders(store, bus, clock, key=KEY, send=self.link.send)
        place = folder
        self.evidence = FileEvidence(place / "pictures")
        self.pictures = Fetching(
            store.database,
            self.orders,
            self.evidence,
            place / "incoming",
            clock=clock,
            bus=bus,
            pull=self.link.pull,
        )
        self.fleet = Fleet(
            store.database, bus, clock, offline_after_s=1.0, listening_since_s=lambda: 0.0
        )
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._tick)

    def start(self) -> None:
        self.link.start()
        self._thread.start()

    def close(self) -> None:
        self._enough.set()
        if self._thread.ident:
            self._thread.join(5)
        self.link.stop()

    def _tick(self) -> None:
        while not self._enough.wait(0.1):
            quietly(self.orders.dispatch)
            quietly(self.pictures.tick)

    def _reply_came(self, hub: str, reply: Reply) -> None:
        self.replies.setdefault(reply.command, []).append(reply.outcome)
        self._ingest.hear_reply(hub, reply)

    def _take(self, hub: str, transfer: str, head: Chunk, piece: bytes) -> None:
        self.pieces += 1
        self.pictures.take(hub, transfer, head, piece)

    @staticmethod
    def _order(give: Callable[[], str]) -> None:
        with contextlib.suppress(EdgeError):
            give()
