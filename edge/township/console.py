"""Composition root of the township: the only place here that makes concrete things."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from edge.clock import Clock, SystemClock
from edge.errors import EdgeError, LinkError, StartError
from edge.events import Bus, Change
from edge.link.connection import Address
from edge.link.messages import AnnounceOrder, Chunk
from edge.link.signing import SigningKey
from edge.link.township import TownshipLink, TownshipLinkSettings
from edge.people import Role
from edge.settings.schema import TownshipLinkSection, TownshipSettings
from edge.site import Server, invite
from edge.township import outside
from edge.township.casework import deadlines_of, escalating
from edge.township.enrolment.office import open_office
from edge.township.figures import write_figures
from edge.township.ingest import Ingest, Repair, Resync
from edge.township.news import hear_news
from edge.township.orders import Orders
from edge.township.store import Store
from edge.township.store.address import address_of
from edge.township.upkeep import Upkeep
from edge.township.web import boxes
from edge.township.web.pages import Doors, build_pages
from edge.township.web.rooms import Room

log = logging.getLogger(__name__)

HOUSEKEEPING_S = 2.0
T = TypeVar("T")
FRESH_S = 30.0
LINK_STOP_S = 1.0


class Township:
    """The console: store, ingest, link and pages, started and stopped as one.

    Everything is made by `start` and undone by `stop` in reverse order, within five seconds.
    """

    def __init__(
        self,
        settings: TownshipSettings,
        *,
        clock: Clock,
        passwordless: bool = False,
        doors: Doors | None = None,
    ) -> None:
        """Nothing is opened before `start`.

        Args:
            settings: Paths in them must be absolute or relative to the working folder.
            clock: The clock of the house.
            passwordless: One-time links work without choosing a password (demo only).
            doors: Everything about the way in, where `passwordless` does not say enough.
        """
        self._settings = settings
        self._clock = clock
        self._doors = doors or Doors(
            passwordless=passwordless, metrics_token=_token(settings.web.metrics_token_file)
        )
        self._bus = Bus()
        self._stack = AsyncExitStack()
        self._store: Store | None = None
        self._orders: Orders | None = None
        self._link: TownshipLink | None = None
        self._upkeep: Upkeep | None = None
        self._server: Server | None = None

    @property
    def store(self) -> Store:
        """The memory; `store.alerts()` is every alert.

        Raises:
            StartError: `start` was not called.
        """
        return _there(self._store)

    @property
    def url(self) -> str:
        """Address of the pages for a browser on this machine, without a slash at the end."""
        return _there(self._server).url

    @property
    def connected(self) -> bool:
        """Whether the broker is connected at this moment."""
        return _there(self._link).status().connected

    def healthy(self) -> bool:
        """Whether the threads that store and acknowledge have moved lately."""
        return self._link is not None and self._link.fresh(FRESH_S)

    async def start(self) -> None:
        """Open the database, begin to listen to hubs, open the pages.

        Raises:
            StartError: The sentence says what to do; nothing is left running.
        """
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def stop(self) -> None:
        """Close the pages, let the link go, close the database."""
        log.info("township stopping")
        await self._stack.aclose()

    def invite(self, name: str, role: Role, villages: frozenset[str] | None = None) -> str:
        """A one-time sign-in link, for some villages or for all; blocks on the store.

        Raises:
            AccessRefused: The name cannot be a sign-in name.
        """
        base = self._settings.web.public_url or self.url
        return invite(self.store.people, self._clock, name, role, base, villages=villages)

    def announce(self, hub: str, order: AnnounceOrder, issuer: str) -> str:
        """Say something in a village and return the id of the order; blocks on the store.

        Raises:
            LinkError: There is no signing key, or the village was never heard of.
        """
        return _there(self._orders).announce(hub, order, issuer)

    def stop_sound(self, hub: str, issuer: str, announcement: str | None = None) -> str:
        """Silence one announcement or everything in a village; errors as `announce`."""
        return _there(self._orders).stop_sound(hub, issuer, announcement)

    async def _start(self) -> None:
        settings, clock = self._settings, self._clock
        store = await asyncio.to_thread(open_store, settings, clock)
        self._store = store
        self._stack.push_async_callback(asyncio.to_thread, store.close)
        office = await asyncio.to_thread(open_office, settings, store.database, clock)
        deadlines = deadlines_of(settings.cases)
        ingest = Ingest(
            store,
            self._bus,
            clock,
            on_resync=self._ask_again,
            on_repair=self._ask_for,
            deadlines=deadlines,
        )
        link = TownshipLink(
            TownshipLinkSettings(
                address=address_of_link(settings.link),
                township=settings.township.id,
                takes_events=settings.link.ingest == "console",
            ),
            ingest,
            clock=clock,
            listeners=replace(
                ingest.listeners(),
                on_chunk=self._take_piece,
                on_news=lambda payload: hear_news(self._bus, payload),
            ),
        )
        orders = Orders(store, self._bus, clock, key=_key(settings.link), send=link.send)
        self._orders, self._link = orders, link
        self._upkeep = Upkeep(settings, store, orders, link, bus=self._bus, clock=clock)
        link.start()
        self._stack.push_async_callback(asyncio.to_thread, link.stop, LINK_STOP_S)
        room = Room(
            store,
            orders,
            self._bus,
            clock,
            settings.link.heartbeat_s,
            self.invite,
            link_trouble=lambda: _trouble_of(link),
            deadlines=deadlines,
            tell_hub=orders.tell,
            pictures=self._upkeep.pictures,
        )
        await self._stack.enter_async_context(escalating(store, room.desk, clock))
        if office is not None:
            watching = office.open(lambda: self._bus.publish(Change("hub")))
            await self._stack.enter_async_context(watching)
        housekeeping = asyncio.create_task(self._keep_house(room), name="housekeeping")
        self._stack.push_async_callback(_cancel, housekeeping)

        def figures() -> str:
            return write_figures(
                ingest.counts,
                store.hubs(),
                open_alerts=store.count_open(),
                now=clock.wall(),
                connected=link.status().connected,
            )

        web = settings.web
        app = build_pages(room, settings, self._doors, metrics=figures, health=self.healthy)
        boxes.furnish(app, office)
        await self._stack.enter_async_context(outside.working(app))
        self._server = Server(app, web.host, web.port, web.certificate, web.key)
        await self._stack.enter_async_context(self._server)
        self._stack.callback(self._bus.close)
        log.info("township started url=%s database=%s", self.url, store.database.dialect)

    async def _keep_house(self, room: Room) -> None:
        """Send what waits, end what nobody answered, and let silence be seen on open pages."""
        before: object = None
        while True:
            try:
                await asyncio.to_thread(room.orders.dispatch)
                await asyncio.to_thread(_there(self._upkeep).tick)
                views = await asyncio.to_thread(room.hubs)
                now = room.link_trouble(), {view.hub.id: view.word for view in views}
                if before is not None and now != before:
                    self._bus.publish(Change("hub"))
                before = now
            except EdgeError as error:
                log.warning("housekeeping failed reason=%r", str(error))
            await asyncio.sleep(HOUSEKEEPING_S)

    def _take_piece(self, hub: str, transfer: str, head: Chunk, piece: bytes) -> None:
        _there(self._upkeep).pictures.take(hub, transfer, head, piece)

    def _ask_for(self, wish: Repair) -> None:
        try:
            _there(self._orders).repair(wish)
        except EdgeError as error:
            log.warning("repair failed hub=%s reason=%r", wish.hub, str(error))

    def _ask_again(self, wish: Resync) -> None:
        try:
            _there(self._orders).resync(wish)
        except EdgeError as error:
            log.warning("resync failed hub=%s reason=%r", wish.hub, str(error))


async def run_township(
    settings: TownshipSettings,
    *,
    clock: Clock | None = None,
    ready: Callable[[str], None] = lambda _status: None,
    alive: Callable[[], None] = lambda: None,
    alive_every_s: float = 10.0,
    on_start: Callable[[Township], None] = lambda _township: None,
) -> None:
    """Run the console until SIGINT or SIGTERM.

    Args:
        settings: Of the console.
        clock: The machine's own if not given.
        ready: Told once, with a line of status, when the pages are open (systemd notify).
        alive: Told regularly while the link's threads move (systemd watchdog).
        alive_every_s: How often.
        on_start: Sees the running console, for example to print a one-time link.

    Raises:
        StartError: It could not start.
    """
    township = Township(settings, clock=clock or SystemClock())
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    await township.start()
    try:
        await asyncio.to_thread(on_start, township)
        ready(f"pages at {township.url}")
        while not stopping.is_set():
            if township.healthy():
                alive()
            try:
                await asyncio.wait_for(stopping.wait(), alive_every_s)
            except TimeoutError:
                continue
    finally:
        await township.stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def open_store(settings: TownshipSettings, clock: Clock) -> Store:
    """The store a console with these settings uses; also for the command line.

    Raises:
        StartError: The folder or the database cannot be used.
    """
    folder = settings.state.folder
    if not settings.database.url:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(
                f"The state folder {folder} cannot be made: {error.strerror}. Check `folder` in "
                "the `[state]` section and the rights of this user."
            ) from error
    own = f"sqlite:///{(folder / 'township.db').resolve()}"
    return Store(address_of(settings.database) or own, clock)


def _trouble_of(link: TownshipLink) -> str:
    status = link.status()
    if status.fault or status.connected:
        return status.fault
    return "The broker has not answered yet."


def _there(part: T | None) -> T:
    if part is None:
        raise StartError("The township console has not been started.")
    return part


def address_of_link(link: TownshipLinkSection) -> Address:
    """Where the broker is by the settings, and who we are there."""
    return Address(
        host=link.host,
        port=link.port,
        protocol=link.protocol,
        username=link.username,
        password_file=link.password_file,
        ca=link.ca,
        certificate=link.certificate,
        key=link.key,
        keepalive_s=link.keepalive_s,
    )


def _key(link: TownshipLinkSection) -> SigningKey | None:
    if link.command_key_file is None:
        return None
    try:
        return SigningKey.load(link.command_key_id, link.command_key_file)
    except LinkError as error:
        raise StartError(str(error)) from error


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StartError(f"The token file {file} cannot be read: {error.strerror}.") from error


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
