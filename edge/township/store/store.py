"""The township's memory as a whole: one door for ingest, pages and command line."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from edge.clock import Clock
from edge.township.store import (
    alerts,
    hubs,
    inbox,
    orders,
    receipts,
)
from edge.township.store.casebook import CaseBook
from edge.township.store.database import Database
from edge.township.store.letters import Letters
from edge.township.store.people import People
from edge.township.store.places import Places
from edge.township.store.records import Alert, AlertEvent, Gap, Hub, Order, Receipt
from edge.township.store.reporting import Reporting
from edge.township.store.rosters import Rosters
from edge.township.store.sight import EVERYTHING, Sight
from edge.township.store.tokens import Tokens


@dataclass(frozen=True, slots=True)
class AlertStory:
    """Everything known about one alert."""

    alert: Alert
    history: list[AlertEvent]
    receipts: list[Receipt]


class Store:
    """Reads for the pages and the few writes that people cause; `Ingest` writes the rest.

    Every method may block. Errors are `StoreError`.
    """

    def __init__(self, url: str | sa.URL, clock: Clock) -> None:
        """Open the database and bring its tables up to date.

        Raises:
            StartError: It cannot be used; the sentence says what to do.
        """
        self.database = Database(url)
        self.people = People(self.database, clock)
        self.places = Places(self.database)
        self.rosters = Rosters(self.database)
        self.cases = CaseBook(self.database)
        self.tokens = Tokens(self.database)
        self.letters = Letters(self.database)
        self.reporting = Reporting(self.database)

    def close(self) -> None:
        self.database.close()

    def alerts(self) -> list[Alert]:
        """Every alert, in the order they were stored."""
        with self.database.read() as connection:
            return alerts.every_alert(connection)

    def open_alerts(self, limit: int = 200) -> list[Alert]:
        """Not over or not taken: worst first, then newest first."""
        with self.database.read() as connection:
            return alerts.open_alerts(connection, limit)

    def closed_alerts(self, limit: int = 50) -> list[Alert]:
        with self.database.read() as connection:
            return alerts.closed_alerts(connection, limit)

    def count_open(self) -> int:
        with self.database.read() as connection:
            return alerts.count_open(connection)

    def alert(self, hub: str, incident: str) -> Alert | None:
        with self.database.read() as connection:
            return alerts.one_alert(connection, hub, incident)

    def story(self, hub: str, incident: str) -> AlertStory | None:
        """One alert with its history and what was spoken for it."""
        with self.database.read() as connection:
            alert = alerts.one_alert(connection, hub, incident)
            if alert is None:
                return None
            return AlertStory(
                alert,
                alerts.history(connection, hub, incident),
                receipts.receipts_of_incident(connection, hub, incident),
            )

    def picture(self, hub: str, incident: str, sha256: str) -> bytes | None:
        """The thumbnail, a JPEG."""
        with self.database.read() as connection:
            return alerts.picture(connection, hub, incident, sha256)

    def hubs(self, sight: Sight = EVERYTHING) -> list[Hub]:
        """By village."""
        with self.database.read() as connection:
            return hubs.list_hubs(connection, sight)

    def hub(self, hub: str) -> Hub | None:
        with self.database.read() as connection:
            return hubs.one_hub(connection, hub)

    def gaps(self, hub: str | None = None) -> list[Gap]:
        with self.database.read() as connection:
            return inbox.list_gaps(connection, hub)

    def receipts(self, limit: int = 200, sight: Sight = EVERYTHING) -> list[Receipt]:
        """Newest first."""
        with self.database.read() as connection:
            return receipts.newest_receipts(connection, limit, sight)

    def spoken_for(self, incidents: list[str]) -> dict[tuple[str, str], list[Receipt]]:
        """What was spoken for these incidents, by (hub, incident), newest first."""
        found: dict[tuple[str, str], list[Receipt]] = {}
        with self.database.read() as connection:
            for receipt in receipts.receipts_of_incidents(connection, incidents):
                found.setdefault((receipt.hub, receipt.incident), []).append(receipt)
        return found

    def orders(self, limit: int = 50, sight: Sight = EVERYTHING) -> list[Order]:
        """Newest first."""
        with self.database.read() as connection:
            return orders.newest_orders(connection, limit, sight)

    def order(self, order: str) -> Order | None:
        with self.database.read() as connection:
            return orders.one_order(connection, order)

    def receipts_of_order(self, order: Order) -> list[Receipt]:
        with self.database.read() as connection:
            return receipts.receipts_of_order(connection, order.hub, order.id)

    def put_order(self, order: Order) -> None:
        with self.database.write() as connection:
            orders.put_order(connection, order)

    def waiting_orders(self, *, now: float) -> list[Order]:
        with self.database.read() as connection:
            return orders.waiting_orders(connection, now=now)

    def mark_sent(self, order: str) -> None:
        with self.database.write() as connection:
            orders.mark_sent(connection, order)

    def expire_orders(self, *, now: float, grace_s: float, sentence: str) -> int:
        with self.database.write() as connection:
            return orders.expire_orders(connection, now=now, grace_s=grace_s, sentence=sentence)
