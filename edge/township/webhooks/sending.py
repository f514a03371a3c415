"""One letter over one connection to one address: no redirects, bounded in bytes and time."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping

from edge.errors import EgressRefused
from edge.township.webhooks.egress import Target

CONNECT_S, WHOLE_S = 10.0, 20.0
MOST_ANSWER = 4096


def post(target: Target, headers: Mapping[str, str], body: bytes) -> int:
    """Send a body and return the HTTP status of the answer; nobody is followed anywhere else.

    Raises:
        EgressRefused: Nobody answered, or not in time.
    """
    connection = _Pinned(target)
    watch = threading.Timer(WHOLE_S, connection.cut)
    watch.daemon = True
    watch.start()
    try:
        connection.request("POST", target.path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        answer.read(MOST_ANSWER)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EgressRefused(
            f"The server {target.host} did not take the letter: {type(error).__name__}. Check that "
            "it runs and that its certificate is good."
        ) from error
    else:
        return answer.status
    finally:
        watch.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """Connects to the address that was judged, whatever the name means by now."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=CONNECT_S)
        self.default_port = 443 if target.secure else 80
        self._target = target

    def connect(self) -> None:
        target = self._target
        plain = socket.create_connection((target.address, target.port), CONNECT_S)
        self.sock = plain
        if target.secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=target.host)

    def cut(self) -> None:
        """End what takes too long, also a server that answers byte by byte."""
        sock = self.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
