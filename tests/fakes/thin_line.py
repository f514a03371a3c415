"""A network that carries only so many bits a second, as one relay between two ports."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class ThinLine:
    """Listens on a port of its own and passes everything on, slowly, both ways.

    Each direction is a queue of its own at `bits` per second, as an uplink is: what is sent first
    arrives first, and a large piece delays what comes behind it.
    """

    def __init__(self, to_port: int, bits: float) -> None:
        self._to_port = to_port
        self._bytes_per_s = bits / 8
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._sockets: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._to_port))
                for one in (near, far):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    # A small buffer: what waits, waits in the hub and not in the machine.
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
                self._sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1024):
                time.sleep(len(data) / self._bytes_per_s)
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
