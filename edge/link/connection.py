"""One MQTT connection that is kept alive: paho underneath, plain events above.

A fresh paho client serves each connection, so nothing of an old one can leak into the next: no
queue, no message ids, no late acknowledgement. Callbacks of paho only put events on; they never
raise, because an exception there would kill the network thread while `is_connected` stays true.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import random
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.clock import Clock
from edge.link.complaints import of_exception, of_refusal

_log = logging.getLogger(__name__)

_FIRST_RETRY_S = 1.0
_SLOWEST_RETRY_S = 30.0
_DOUBLINGS = 5
_STEADY_S = 10.0
_LOOK_S = 1.0
_SUSPICIOUS = 3
_MORE_THAN_THE_WINDOW = 64
_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which Python has no name."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is and how we prove who we are.

    Attributes:
        password_file: First line is the password; read at each connection, so it can change.
        ca: Certificate of the authority (PEM); its presence switches TLS on.
        certificate, key: Ours (PEM), for mutual TLS.
    """

    host: str
    port: int = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    username: str = ""
    password_file: Path | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    keepalive_s: int = 20
    connect_timeout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we are gone without a word; retained, QoS 1."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Up:
    """Connected and subscribed."""


@dataclass(frozen=True, slots=True)
class Down:
    """Not connected; the sentence says why."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message came in; `ack` must be called for it when it is taken care of.

    Attributes:
        expires_in_s: What the broker says is left of its life (MQTT 5); None if it says nothing.
        mono_s: When it came, by the clock of the house.
        ack: Does nothing the second time, or when the connection it came by is gone.
    """

    topic: str
    payload: bytes
    retained: bool
    expires_in_s: float | None
    mono_s: float
    ack: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Published:
    """The broker took message `mid`, or refused it: `code` is at least 0x80.

    For QoS 0 it says only that the bytes were written; that is no sign of life of anybody.
    """

    mid: int
    code: int


Event = Up | Down | Arrived | Published


class _ClosingContext(ssl.SSLContext):
    """paho leaves the socket of a failed handshake open; this one remembers how to close it."""

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        made = super().wrap_socket(*args, **options)
        handshake = made.do_handshake

        def shake(block: bool = False) -> None:
            try:
                handshake(block)
            except OSError:
                made.close()
                raise

        made.do_handshake = shake  # type: ignore[method-assign]
        return made


class Connection:
    """Keeps a connection to the broker until it is stopped.

    Args of the constructor: `emit` takes events from the network thread and must only put them
    on; `will` is asked anew for each connection; `uniform` draws the retry delays.
    """

    def __init__(
        self,
        address: Address,
        client_id: str,
        emit: Callable[[Event], None],
        *,
        clock: Clock,
        filters: Sequence[str],
        leaves: Sequence[str] = (),
        will: Callable[[], Will],
        session_expiry_s: int,
        window: int = 64,
        receive_at_most: int = 0,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._emit = emit
        self._clock = clock
        self._filters = filters
        self._leaves = leaves
        self._will = will
        self._session_expiry_s = session_expiry_s
        self._window = window
        self._receive_at_most = receive_at_most
        self._uniform = uniform
        self._client: mqtt.Client | None = None
        self._gone = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"link-{client_id}", daemon=True)
        self._complaint = ""
        self._reported: set[str] = set()
        self.beat_mono_s = clock.monotonic()
        """When the thread that keeps the connection last moved."""

    @property
    def connected(self) -> bool:
        return self._client is not None

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Say good-bye to the broker, so that the will is not sent, and stop the thread."""
        self._stopping.set()
        client = self._client
        if client is None:
            self._gone.set()
        else:
            client.disconnect()
            self._gone.wait(timeout_s / 2)
            self._gone.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def renew(self) -> None:
        """Begin anew, for example with another certificate; nothing is wrong."""
        _log.info("link client=%s begins anew", self._client_id)
        self._gone.set()

    def abandon(self, sentence: str) -> None:
        """Give the present connection up, for example because it no longer answers."""
        self._complain(sentence)
        self._gone.set()

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        expires_in_s: float | None = None,
    ) -> int | None:
        """Hand a message to the network thread.

        Returns:
            The id that comes back in `Published`; None if there is no connection, and then
            nothing was queued.
        """
        client = self._client
        if client is None:
            return None
        properties = None
        if expires_in_s is not None and self._five:
            properties = _properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = max(1, int(expires_in_s))
        info = client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    @property
    def _five(self) -> bool:
        return self._address.protocol == "5"

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            self._guard("connection", self._live_once)(failures)
            steady = self._clock.monotonic() - began > _STEADY_S
            failures = 0 if steady else failures + 1
            # Full jitter: after a power cut in the township all hubs come back, not all at once.
            longest = min(
                _SLOWEST_RETRY_S, _FIRST_RETRY_S * 2 ** min(max(0, failures - 1), _DOUBLINGS)
            )
            self.beat_mono_s = self._clock.monotonic()
            self._stopping.wait(self._uniform(0.0, longest))

    def _live_once(self, failures: int) -> None:
        self._gone = gone = threading.Event()
        try:
            client = self._new_client(gone)
            self._connect(client)
        except (OSError, ValueError) as error:
            self._went_down(of_exception(error, self._address.host, self._address.port))
            return
        client.loop_start()
        answered_by = self._clock.monotonic() + self._address.connect_timeout_s
        while not gone.wait(_LOOK_S) and not self._stopping.is_set():
            self.beat_mono_s = self._clock.monotonic()
            if self._client is None and self.beat_mono_s > answered_by:
                self._complain(f"The broker at {self._where} does not answer. Check the network.")
                break
        if self._stopping.is_set():
            gone.wait(self._address.connect_timeout_s)
        was_up = self._client is not None
        self._client = None
        _shut(client)
        self._client = None  # it may have come up in the very moment it was given up
        self._went_down(self._complaint or self._lost(failures, was_up=was_up))

    def _lost(self, failures: int, *, was_up: bool) -> str:
        if was_up and failures >= _SUSPICIOUS:
            return (
                f"The connection to {self._where} is lost again and again soon after it began. "
                "Check the network, and that no other box has the same id as this one."
            )
        if was_up:
            return f"The connection to {self._where} was lost."
        return (
            f"The broker at {self._where} hung up before it let this box in. Check the user name "
            "or certificate of this box."
        )

    @property
    def _where(self) -> str:
        return f"{self._address.host}:{self._address.port}"

    def _new_client(self, gone: threading.Event) -> mqtt.Client:
        address = self._address
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=None if self._five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.suppress_exceptions = True
        client.connect_timeout = address.connect_timeout_s
        # Never storage: what is unsent lies in the outbox. The cap is above what we ever hand over.
        client.max_queued_messages_set(self._window + _MORE_THAN_THE_WINDOW)
        if address.username:
            password = None
            if address.password_file is not None:
                lines = address.password_file.read_text(encoding="utf-8").splitlines()
                password = lines[0] if lines else ""
            client.username_pw_set(address.username, password)
        if address.ca is not None:
            for file in (address.ca, address.certificate, address.key):
                if file is not None:
                    file.read_bytes()  # ssl does not say which file is missing
            context = _ClosingContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cafile=address.ca)
            if not self._clock.trusted():
                # A box that woke up in 1970 must reach the township, which knows the time.
                context.verify_flags |= _NO_CHECK_TIME
            if address.certificate is not None:
                context.load_cert_chain(address.certificate, address.key)
            client.tls_set_context(context)
        will = self._will()
        client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_socket_open = self._guard("socket", _without_delay)
        client.on_connect = self._guard("connect", functools.partial(self._on_connect, gone))
        client.on_subscribe = self._guard("subscribe", functools.partial(self._on_subscribe, gone))
        client.on_disconnect = self._guard(
            "disconnect", functools.partial(self._on_disconnect, gone)
        )
        client.on_message = self._guard("message", self._on_message)
        client.on_publish = self._guard("publish", self._on_publish)
        return client

    def _connect(self, client: mqtt.Client) -> None:
        address = self._address
        if not self._five:
            client.connect(address.host, address.port, address.keepalive_s)
            return
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = self._session_expiry_s
        if self._receive_at_most:
            properties.ReceiveMaximum = self._receive_at_most
        client.connect(
            address.host,
            address.port,
            address.keepalive_s,
            clean_start=False,
            properties=properties,
        )

    def _guard(self, kind: str, callback: Callable[..., object]) -> Callable[..., None]:
        """Wrap a callback so that it never raises; the first failure of a kind is logged."""

        def guarded(*args: Any) -> None:
            try:
                callback(*args)
            except Exception:  # noqa: BLE001 - whatever it is, the network thread must live
                if kind not in self._reported:
                    self._reported.add(kind)
                    _log.exception("link callback=%s failed, further ones stay silent", kind)

        return guarded

    def _on_connect(
        self,
        gone: threading.Event,
        client: mqtt.Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            self._complain(of_refusal(reason.value, str(reason), self._where))
            gone.set()
            return
        if self._leaves:
            # A session outlives the program; what it once wanted would still come.
            client.unsubscribe(list(self._leaves))
        client.subscribe(
            [(name, SubscribeOptions(qos=1)) for name in self._filters]
            if self._five
            else [(name, 1) for name in self._filters]
        )

    def _on_subscribe(
        self,
        gone: threading.Event,
        client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reasons: Sequence[ReasonCode],
        _properties: object,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._complain(
                f"The broker at {self._where} does not let {self._client_id} listen to its own "
                "topics. Correct the access list of the broker."
            )
            gone.set()
            return
        if gone.is_set() or self._stopping.is_set():
            return
        self._complaint = ""
        self._client = client
        _log.info("link connected=%s client=%s", self._where, self._client_id)
        self._emit(Up())

    def _on_disconnect(
        self,
        gone: threading.Event,
        _client: mqtt.Client,
        _userdata: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if flags.is_disconnect_packet_from_server and reason.is_failure:
            self._complain(of_refusal(reason.value, str(reason), self._where))
        gone.set()

    def _on_message(
        self, client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage
    ) -> None:
        taken = threading.Event()

        def ack() -> None:
            # A second PUBACK for one message is a protocol error.
            if not taken.is_set():
                taken.set()
                client.ack(message.mid, message.qos)

        try:
            topic = message.topic
        except UnicodeDecodeError:
            ack()
            return
        properties = message.properties
        expires_in_s = getattr(properties, "MessageExpiryInterval", None) if properties else None
        self._emit(
            Arrived(
                topic,
                bytes(message.payload),
                message.retain,
                expires_in_s,
                self._clock.monotonic(),
                ack,
            )
        )

    def _on_publish(
        self,
        client: mqtt.Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if client is self._client:
            self._emit(Published(mid, reason.value))

    def _complain(self, sentence: str) -> None:
        if sentence != self._complaint:
            self._complaint = sentence
            _log.warning("link client=%s %s", self._client_id, sentence)

    def _went_down(self, sentence: str) -> None:
        if not self._stopping.is_set():
            self._complain(sentence)
        self._guard("down", self._emit)(Down(sentence))


def _without_delay(_client: mqtt.Client, _userdata: object, sock: object) -> None:
    """An alert is small; Nagle's algorithm would hold it back for 40 ms."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]


def _shut(client: mqtt.Client) -> None:
    """End a client for good: its network thread sees the closed socket and returns."""
    sock = client.socket()
    if isinstance(sock, socket.socket):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
    client.on_message = client.on_publish = client.on_subscribe = None
    client.drop_out_messages()
    client.loop_stop()
    if isinstance(sock, socket.socket):
        sock.close()
