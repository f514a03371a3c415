"""Everything about certificates in one place: wired for the console and for the command line."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from edge.clock import Clock
from edge.enrolment import certificates as x
from edge.enrolment.authority import Authority, Revoked
from edge.enrolment.codes import Code
from edge.enrolment.keyring import KeyRing
from edge.errors import EdgeError, EnrolmentError, StartError
from edge.link.connection import Address
from edge.settings.schema import TownshipSettings
from edge.site import Server
from edge.township.enrolment.broker import BrokerFiles, Ports, console_name, reload_broker
from edge.township.enrolment.desk import Desk, Terms
from edge.township.enrolment.endpoint import build_endpoint
from edge.township.enrolment.eviction import HOLD_S, evict
from edge.township.store.certificates import Enrolment, Issued, Register
from edge.township.store.database import Database

log = logging.getLogger(__name__)

AUTHORITY: Final = "authority"
BROKER: Final = "broker"
LOOK_S: Final = 2.0
"""How often the watch looks for somebody whom the command line threw out."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What is known about the certificate of one hub.

    Attributes:
        code: Its newest code that waits to be used.
        certificate: The newest one.
        barred: Everything it ever had was revoked.
        cut: It was seen that the broker keeps it out.
    """

    hub: str
    village: str
    grid: str
    code: Enrolment | None
    certificate: Issued | None

    @property
    def barred(self) -> bool:
        return self.certificate is not None and self.certificate.revoked_at is not None

    @property
    def cut(self) -> bool:
        return self.certificate is not None and self.certificate.cut_at is not None


class Office:
    """Authority, register, desk and the broker's files of one township.

    Raises on construction:
        EnrolmentError: Folder or keys cannot be used.
    """

    def __init__(self, settings: TownshipSettings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        section, township, state = settings.enrolment, settings.township.id, settings.state.folder
        if not section.names:
            raise StartError(
                "Enrolment needs to know how villages reach this server. Set `names` in the "
                "`[enrolment]` section, or run `village-hub township init`."
            )
        self.names = list(section.names)
        self.folder = state / AUTHORITY
        self.authority = Authority.open(self.folder, township, clock)
        self.register = Register(database)
        self.keys = KeyRing.of(state, township)
        ports = Ports(section.broker_port, section.console_port)
        self.files = BrokerFiles(
            (state / BROKER).resolve(),
            self.authority,
            township,
            ports,
            at=Path(section.broker_at) if section.broker_at else None,
            store="/var/lib/mosquitto" if section.broker_at else "",
        )
        self.server_file = self.authority.server(self.names)
        self.console_file = self.authority.client(console_name(township))
        self.binding = _shown(self.server_file)
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self.trouble = ""
        self.desk = Desk(
            self.register,
            self.authority,
            Terms(
                township,
                (self.names[0], section.broker_port),
                code_hours=section.code_hours,
                days=section.certificate_days,
                command_keys=self._command_keys,
            ),
            clock,
            binding=self.binding,
            on_change=lambda _hub: self._changed.set(),
        )
        self.address = ""

    def console_address(self) -> Address:
        """How programs of the township reach the broker."""
        return Address(
            "127.0.0.1",
            self._settings.enrolment.console_port,
            ca=self.authority.file,
            certificate=self.console_file,
            key=self.console_file,
        )

    def make_code(self, hub: str, village: str, grid: str, who: str) -> tuple[Code, float]:
        """See `Desk.make_code`."""
        return self.desk.make_code(hub, village, grid, who)

    def holders(self) -> list[Holder]:
        """Every hub that has or had a code or a certificate, by id; blocks on the store."""
        now = self._clock.wall()
        newest: dict[str, Issued] = {}
        for one in reversed(self.register.certificates()):
            known = newest.get(one.hub)
            if known is None or one.revoked_at is None or known.revoked_at is not None:
                newest[one.hub] = one
        waiting: dict[str, Enrolment] = {}
        for code in reversed(self.register.enrolments()):
            if code.used_at is None and not code.withdrawn and code.expires_at > now:
                waiting[code.hub] = code
        found = []
        for hub in sorted(newest.keys() | waiting.keys()):
            issued, code_ = newest.get(hub), waiting.get(hub)
            named = code_ or issued
            assert named is not None  # noqa: S101 - it is in one of the two
            found.append(Holder(hub, named.village, named.grid, code_, issued))
        return found

    def publish(self) -> None:
        """Bring the broker's files up to date, and let the broker read them if they changed.

        Raises:
            EnrolmentError: They cannot be written.
            StoreError: The register cannot be read.
        """
        issued = self.register.certificates()
        now = self._clock.wall()
        revoked = [
            Revoked(int(one.serial, 16), one.revoked_at)
            for one in issued
            if one.revoked_at is not None and one.expires_at > now
        ]
        if self.files.write(self.names, revoked, self._barred()):
            self.trouble = self._reload()
            if self.trouble:
                log.warning("broker not reloaded reason=%r", self.trouble)

    def pending(self) -> list[str]:
        """Hubs that were thrown out and may still be connected."""
        return [one.hub for one in self.holders() if one.barred and not one.cut]

    def put_out(self, *, hold_s: float = HOLD_S) -> list[str]:
        """End the connections of those who were thrown out; returns who is out for sure now.

        Only one program does it at a time: two would push each other off the line.
        """
        out = []
        with self._alone() as mine:
            for hub in self.pending() if mine else ():
                done = evict(self.console_address(), hub, hold_s=hold_s, stopping=self._stopping)
                if done.out:
                    self.trouble = ""
                    self.register.mark_cut(hub, now=self._clock.wall())
                    log.warning("put out hub=%s", hub)
                    out.append(hub)
                elif not self._stopping.is_set():
                    self.trouble = done.sentence
                    log.warning("not out yet hub=%s reason=%r", hub, done.sentence)
                    self._reload()
        return out

    @asynccontextmanager
    async def open(self, on_change: Callable[[], None]) -> AsyncIterator[None]:
        """Answer boxes and watch over revocations until the end.

        Raises:
            StartError: The port cannot be opened.
        """
        section = self._settings.enrolment
        await asyncio.to_thread(self.publish)
        app = build_endpoint(self.desk, self._clock)
        server = Server(app, section.host, section.port, self.server_file, self.server_file)
        async with server:
            self.address = f"https://{_bracketed(self.names[0])}:{server.port}"
            thread = threading.Thread(
                target=self._watch, args=(on_change,), name="enrolment", daemon=True
            )
            thread.start()
            log.info("enrolment desk open address=%s", self.address)
            try:
                yield
            finally:
                self._stopping.set()
                self._changed.set()
                await asyncio.to_thread(thread.join, HOLD_S)

    def _watch(self, on_change: Callable[[], None]) -> None:
        seen: object = None
        while not self._stopping.is_set():
            self._changed.wait(LOOK_S)
            self._changed.clear()
            try:
                now = self.register.mark()
                if now == seen:
                    continue
                self.publish()
                on_change()
                if self.pending():
                    self.put_out()
                    on_change()
                    continue  # and look again, whether it worked or not
                seen = now
            except EdgeError as error:
                self.trouble = str(error)
                log.warning("enrolment watch failed reason=%r", str(error))

    def _reload(self) -> str:
        section = self._settings.enrolment
        folder = Path(section.broker_at) if section.broker_at else self.files.folder
        return reload_broker(folder, section.reload_command)

    def _barred(self) -> list[str]:
        return [one.hub for one in self.holders() if one.barred]

    def _command_keys(self) -> dict[str, str]:
        return self.keys.public()

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        handle = os.open(self.folder / ".eviction", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            mine = False
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                mine = True
            yield mine
        finally:
            os.close(handle)


def open_office(settings: TownshipSettings, database: Database, clock: Clock) -> Office | None:
    """The office of a township that gives certificates; None for one that does not.

    Raises:
        StartError: Folder, keys or settings cannot be used.
    """
    if not settings.enrolment.enabled:
        return None
    try:
        return Office(settings, database, clock)
    except EnrolmentError as error:
        raise StartError(str(error)) from error


def _shown(server_file: Path) -> str:
    """What a box sees of our certificate."""
    certificate = x.read_certificate(server_file.read_bytes())
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
