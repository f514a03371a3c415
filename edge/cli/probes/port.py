"""Whether the pages can have their port, or already answer on it."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator

from edge.cli.probes.finding import Finding, Probe, Subject


def look(subject: Subject) -> Iterator[Finding]:
    web = subject.settings.web
    values: dict[str, float | str] = {"host": web.host, "port": web.port}
    try:
        _bind(web.host, web.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _is_ours(web.host, web.port, web.certificate):
            yield subject.good("port", "port_ours", **values)
        elif error.errno == errno.EADDRINUSE:
            yield subject.bad("port", "port_taken", **values)
        elif error.errno == errno.EACCES:
            yield subject.bad("port", "port_forbidden", **values)
        else:
            reason = error.strerror or str(error)
            yield subject.bad("port", "port_no_address", reason=reason, **values)
    else:
        yield subject.good("port", "port_free", **values)


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind((host, port))


def _is_ours(host: str, port: int, certificate: object) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    if certificate:
        # Nothing is told to the other side; it is only asked whether it is one of our pages.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001
        asked: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=3, context=context
        )
    else:
        asked = http.client.HTTPConnection(host, port, timeout=3)
    try:
        asked.request("GET", "/healthz")
        return asked.getresponse().status in {200, 503}
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


PROBE = Probe("port", look)
