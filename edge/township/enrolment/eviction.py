"""Ends the connection of a box that was thrown out.

A broker that reads a new list of revoked certificates refuses new connections, but keeps the ones
it has. Whoever comes with the same client id takes an old connection's place, so the console does
that, and stays a while to see whether the box is let in again.
"""

from __future__ import annotations

import logging
import queue
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.link.connection import Address

log = logging.getLogger(__name__)

HOLD_S: Final = 4.0
"""A box that is still let in comes back within a second or two."""
TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Eviction:
    """What came of it.

    Attributes:
        out: The connection was taken over, and nobody took it back.
        sentence: Why not, if not.
    """

    out: bool
    sentence: str = ""


def evict(
    address: Address, hub: str, *, hold_s: float = HOLD_S, stopping: threading.Event | None = None
) -> Eviction:
    """Take the place of a hub at the broker; blocks for `hold_s` and a little.

    Args:
        address: The broker's listener for the township, with the console's certificate.
        hub: Id of the box.
        hold_s: How long nobody may have come back.
        stopping: Ends the wait early.
    """
    news: queue.SimpleQueue[str] = queue.SimpleQueue()
    client = _client(address, hub, news)
    end = stopping or threading.Event()
    try:
        client.connect(address.host, address.port, 60, clean_start=True)
        client.loop_start()
        if _next(news, TIMEOUT_S) != "up":
            return Eviction(out=False, sentence=_NOT_IN)
        deadline = time.monotonic() + hold_s
        while (left_s := deadline - time.monotonic()) > 0 and not end.is_set():
            if _next(news, min(left_s, 0.5)) == "down":
                return Eviction(out=False, sentence=_BACK)
        return Eviction(out=not end.is_set())
    except (OSError, ValueError) as error:
        return Eviction(
            out=False,
            sentence=f"The broker at {address.host}:{address.port} cannot be reached: {error}.",
        )
    finally:
        client.disconnect()
        client.loop_stop()


def _client(address: Address, hub: str, news: queue.SimpleQueue[str]) -> mqtt.Client:
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=hub,
        protocol=MQTTProtocolVersion.MQTTv5,
        reconnect_on_failure=False,
    )
    client.suppress_exceptions = True
    client.connect_timeout = TIMEOUT_S
    if address.username:
        password = address.password_file.read_text().strip() if address.password_file else None
        client.username_pw_set(address.username, password)
    if address.ca is not None:
        context = ssl.create_default_context(cafile=str(address.ca))
        if address.certificate is not None:
            context.load_cert_chain(address.certificate, address.key)
        client.tls_set_context(context)

    def connected(*told: Any) -> None:
        news.put("no" if told[3].is_failure else "up")

    client.on_connect = connected
    client.on_disconnect = lambda *_: news.put("down")
    return client


def _next(news: queue.SimpleQueue[str], timeout_s: float) -> str:
    try:
        return news.get(timeout=timeout_s)
    except queue.Empty:
        return ""


_NOT_IN: Final = "The broker did not let the console in to end the connection of the box."
_BACK: Final = "The broker still lets the box in: it has not read the new list of certificates yet."
