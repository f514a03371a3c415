"""A process that does nothing but store what villages send; several share one broker and database.

Each event goes to one of them (MQTT 5 shared subscription). They need no order among themselves:
the key (hub, stream, number) makes an event count once, the revision of an incident decides which
one is shown, and holes are looked for in the tables that all of them write. Everything but storing
(births, orders, pictures, pages) stays with the console.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge.clock import Clock
from edge.errors import EdgeError, LinkError, StartError
from edge.link.messages import Command
from edge.link.topics import safe_id
from edge.link.township import TownshipLink, TownshipLinkSettings
from edge.settings.schema import TownshipSettings
from edge.township.batch import Repair
from edge.township.casework import deadlines_of
from edge.township.console import address_of_link, open_store
from edge.township.ingest import Ingest
from edge.township.news import News
from edge.township.orders import Orders

log = logging.getLogger(__name__)

BATCH = 400
TELL_EVERY_S = 0.25
FRESH_S = 30.0


def run_worker(
    settings: TownshipSettings,
    name: str,
    stopping: threading.Event,
    *,
    clock: Clock,
    ready: Callable[[str], None] = lambda _status: None,
    alive: Callable[[], None] = lambda: None,
    alive_every_s: float = 10.0,
) -> None:
    """Store events until told to stop.

    Args:
        settings: Of the township; the same file as the console's.
        name: Of this worker; no two that run may share one.
        stopping: Set when it is time to go.
        clock: The clock of the house.
        ready: Told once, with a line of status (systemd notify).
        alive: Told regularly while the threads move (systemd watchdog).
        alive_every_s: How often.

    Raises:
        StartError: The settings do not fit, or the database cannot be used.
    """
    if not settings.database.url.startswith("postgresql"):
        raise StartError(
            "Workers that store events need PostgreSQL: one file of SQLite has one writer. Set "
            "`url` in the `[database]` section."
        )
    store = open_store(settings, clock)
    try:
        news = News()
        orders = Orders(store, news, clock, key=None, send=_leave_to_the_console)

        def repair(wish: Repair) -> None:
            try:
                orders.repair(wish)
            except EdgeError as error:
                log.warning("repair failed hub=%s reason=%r", wish.hub, str(error))

        ingest = Ingest(
            store, news, clock, on_repair=repair, deadlines=deadlines_of(settings.cases)
        )
        link = TownshipLink(
            TownshipLinkSettings(
                address_of_link(settings.link),
                settings.township.id,
                worker=safe_id(name),
                batch=BATCH,
            ),
            ingest,
            clock=clock,
        )
        link.start()
        try:
            ready(f"worker {name}")
            log.info("worker started name=%s", name)
            told = clock.monotonic()
            while not stopping.wait(TELL_EVERY_S):
                news.flush(link.tell_news)
                if clock.monotonic() - told >= alive_every_s and link.fresh(FRESH_S):
                    told = clock.monotonic()
                    alive()
        finally:
            link.stop()
            log.info("worker stopped name=%s stored=%d", name, ingest.counts.stored)
    finally:
        store.close()


def _leave_to_the_console(_command: Command) -> None:
    raise LinkError("The console sends the orders; this one waits for it.")
