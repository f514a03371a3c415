"""Serving a site from inside a running event loop, without touching the process's signals."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import uvicorn
from fastapi import FastAPI

from edge.errors import StartError
from edge.site.context import Site

STOP_S = 2
MOST_CONNECTIONS = 256


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The program handles its signals itself."""
        yield


class Server:
    """A web server for one site; `async with Server(…)` starts and stops it.

    `port` 0 takes any free port; `port` and `url` tell the real one after `start`.
    """

    def __init__(
        self,
        app: FastAPI,
        host: str,
        port: int,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        self._app, self._host, self._certificate, self._key = app, host, certificate, key
        self.port = port
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Address for a browser on this machine, without a slash at the end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._host, self._host)  # noqa: S104
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"{'https' if self._certificate else 'http'}://{host}:{self.port}"

    async def start(self) -> None:
        """Begin to answer; returns when the port is open.

        Raises:
            StartError: The port is taken or not allowed, or the certificate cannot be used.
        """
        config = self._config()
        listener = self._listener()
        self.port = listener.getsockname()[1]
        server = _Quiet(config)
        self._server = server
        self._task = asyncio.create_task(server.serve(sockets=[listener]), name="web server")
        while not server.started:
            if self._task.done():
                listener.close()
                raise StartError("The web server stopped while it was starting.")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop within three seconds, open event streams included."""
        if self._server is None or self._task is None:
            return
        site = getattr(self._app.state, "site", None)
        if isinstance(site, Site):
            site.closing.set()
        self._server.should_exit = True
        await self._task
        self._server = self._task = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *reason: object) -> None:
        await self.stop()

    def _config(self) -> uvicorn.Config:
        config = uvicorn.Config(
            self._app,
            http="h11",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=STOP_S,
            ssl_certfile=self._certificate,
            ssl_keyfile=self._key,
        )
        try:
            config.load()
        except (OSError, ssl.SSLError, ValueError) as error:
            raise StartError(
                f"The certificate {self._certificate} with the key {self._key} cannot be used: "
                f"{error}. Check that both are PEM files that belong together and can be read."
            ) from error
        return config

    def _listener(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self.port))
        except (OSError, OverflowError) as error:
            listener.close()
            raise StartError(self._why(error)) from error
        listener.setblocking(False)
        return listener

    def _why(self, error: Exception) -> str:
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            return (
                f"Port {self.port} is already in use by another program. Stop that program, or "
                "set another `port` in the `[web]` section."
            )
        if number == errno.EACCES:
            return (
                f"Port {self.port} may only be opened by the administrator. Set a `port` above "
                "1023 in the `[web]` section."
            )
        return (
            f"The pages cannot listen on {self._host} port {self.port}: {error}. Check `host` and "
            "`port` in the `[web]` section."
        )
