"""Whether the broker lets us in: a connection, and an MQTT CONNECT with our credentials."""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from collections.abc import Iterator

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.cli.probes.finding import Finding, Probe, Subject
from edge.settings.schema import LinkSection

_WRONG_PASSWORD = {0x86, 0x04}
_NOT_ALLOWED = {0x87, 0x05, 0x85, 0x8C}
_OTHER_VERSION = {0x84, 0x01}


def look(subject: Subject) -> Iterator[Finding]:
    link = subject.settings.link
    where: dict[str, float | str] = {"host": link.host, "port": link.port}
    begin = time.perf_counter()
    try:
        refused = _connect(link, min(subject.limit_s, 8.0))
    except (OSError, ValueError) as error:
        key, reason = _fault(error)
        yield subject.bad("broker", key, reason=reason, **where)
        return
    if refused is None:
        ms = round((time.perf_counter() - begin) * 1000)
        yield subject.good("broker", "broker_good", ms=ms, **where)
    else:
        yield subject.bad("broker", _refusal(refused.value), reason=str(refused), **where)


def _connect(link: LinkSection, limit_s: float) -> ReasonCode | None:
    """Sign in and out again.

    The client id is a new one: with that of a running hub the broker would throw the hub out.

    Returns:
        Why the broker refused; None if it let us in.
    """
    five = link.protocol == "5"
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"doctor-{secrets.token_hex(4)}",
        clean_session=None if five else True,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
    )
    answers: list[ReasonCode] = []
    client.on_connect = lambda _client, _data, _flags, reason, _more: answers.append(reason)
    client.connect_timeout = limit_s
    _identify(client, link)
    deadline = time.monotonic() + limit_s
    client.connect(link.host, link.port, link.keepalive_s)
    try:
        while not answers:
            if time.monotonic() > deadline:
                raise TimeoutError
            if client.loop(timeout=0.2) != MQTTErrorCode.MQTT_ERR_SUCCESS and not answers:
                raise ConnectionAbortedError("closed")
    finally:
        client.disconnect()
    return answers[0] if answers[0].is_failure else None


def _identify(client: mqtt.Client, link: LinkSection) -> None:
    if link.username:
        lines = link.password_file.read_text("utf-8").splitlines() if link.password_file else []
        client.username_pw_set(link.username, lines[0] if lines else None)
    if link.ca is not None:
        context = ssl.create_default_context(cafile=link.ca)
        if link.certificate is not None:
            context.load_cert_chain(link.certificate, link.key)
        client.tls_set_context(context)


def _fault(error: Exception) -> tuple[str, str]:  # noqa: PLR0911 - one line per fault
    match error:
        case ssl.SSLCertVerificationError():
            return "broker_untrusted", error.verify_message
        case ssl.SSLError():
            return "broker_tls", error.reason or str(error)
        case socket.gaierror():
            return "broker_no_name", str(error)
        case ConnectionRefusedError():
            return "broker_refused", ""
        case TimeoutError():
            return "broker_silent", ""
        case ConnectionAbortedError() | ConnectionResetError():
            return "broker_closed", ""
    return "broker_other", str(error)


def _refusal(code: int) -> str:
    if code in _WRONG_PASSWORD:
        return "broker_password"
    if code in _NOT_ALLOWED:
        return "broker_forbidden"
    return "broker_version" if code in _OTHER_VERSION else "broker_other"


PROBE = Probe("broker", look)
