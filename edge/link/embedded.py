"""A small broker inside the process, for `demo` and tests only.

amqtt speaks MQTT 3.1.1, keeps nothing on disk, gives a message up when its receiver has not
acknowledged it within 5 s, and slows down with every subscription. The application ack of the
outbox makes up for all of that; a township uses mosquitto.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import threading
from dataclasses import dataclass, field

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from edge.errors import StartError

_START_S = 10.0
_STOP_S = 5.0
_MODULE = "edge.link.embedded"


class PasswordPlugin(BaseAuthPlugin):  # type: ignore[misc]  # amqtt is not typed for us
    """Lets in whoever knows the password of his user name; with no users, everybody.

    amqtt forgets the session of anybody it calls anonymous, and with it every message that came
    while he was away; so nobody is.
    """

    @dataclass
    class Config:
        """What the broker hands in."""

        users: dict[str, str] = field(default_factory=dict)

    async def authenticate(self, *, session: Session) -> bool:
        users: dict[str, str] = self.config.users
        if not users:
            return True
        expected = users.get(session.username or "")
        given = session.password or ""
        return expected is not None and hmac.compare_digest(expected.encode(), given.encode())


class _TidyBroker(Broker):  # type: ignore[misc]  # amqtt is not typed for us
    """amqtt leaves sockets of some clients open; this one closes what it accepted."""

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        # asyncio logs an error for a cancelled connection task, so it ends quietly instead.
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await super().stream_connected(reader, writer, listener_name)
            finally:
                writer.close()


class EmbeddedBroker:
    """An MQTT 3.1.1 broker on a loopback port, with an event loop and a thread of its own."""

    def __init__(self, port: int, users: dict[str, str] | None = None) -> None:
        """Nothing is opened before `start`.

        Args:
            port: TCP port on 127.0.0.1.
            users: Passwords by user name; without them everybody on this machine may come in.
        """
        self._port = port
        self._users = users or {}
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._enough: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    def start(self) -> None:
        """Listen; returns when clients can connect.

        Raises:
            StartError: The port is taken, or the broker did not come up.
        """
        self._thread.start()
        if not self._started.wait(_START_S) or self._failure is not None:
            raise StartError(
                f"The built-in broker could not listen on port {self._port}: "
                f"{self._failure or 'it did not come up in time'}. Choose another port."
            ) from self._failure

    def stop(self) -> None:
        """Disconnect everybody and stop listening; a second call does nothing."""
        loop, enough = self._loop, self._enough
        if loop is not None and enough is not None and self._thread.is_alive():
            loop.call_soon_threadsafe(enough.set)
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - told to whoever starts it
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._enough = asyncio.Event()
        for chatter in ("amqtt", "transitions"):
            logging.getLogger(chatter).setLevel(logging.ERROR)
        broker = _TidyBroker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self._port}"}},
                "plugins": {f"{_MODULE}.{PasswordPlugin.__name__}": {"users": self._users}},
            }
        )
        await broker.start()
        self._started.set()
        await self._enough.wait()
        await broker.shutdown()
        await asyncio.sleep(0)  # closing a transport takes one more turn of the loop
