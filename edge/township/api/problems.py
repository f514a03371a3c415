"""Everything that goes wrong at the API is told as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PROBLEM = "application/problem+json"
ROOT = "/api/"
_BROKEN: Message = {"type": "http.response.start", "status": 500, "headers": []}
_REPLACED = {b"content-type", b"content-length", b"hx-redirect"}


class Fault(BaseModel):
    """One parameter that cannot be read."""

    where: str
    detail: str


class Problem(BaseModel):
    """What went wrong, as RFC 9457 writes it."""

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = ""
    errors: list[Fault] = Field(default_factory=list)


class ProblemRoute(APIRoute):
    """A route that says which parameter is wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                faults = [
                    Fault(where=".".join(map(str, one["loc"]))[:200], detail=str(one["msg"])[:200])
                    for one in error.errors()
                ]
                return Response(write(422, "", faults), 422, media_type=PROBLEM)

        return handled


class Problems:
    """ASGI middleware: a sentence of the site becomes a problem, below `/api/` only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(ROOT):
            await self._app(scope, receive, send)
            return
        # Nobody here reads pages, so nobody is sent to the page of sign-in either.
        kept = [pair for pair in scope["headers"] if pair[0] != b"accept"]
        told = _Told(send)
        try:
            await self._app(dict(scope) | {"headers": kept}, receive, told)
        except Exception:
            if not told.started:
                await _tell(
                    send, {"type": "http.response.start", "status": 500, "headers": []}, b""
                )
            raise


class _Told:
    """Passes an answer on; one that is a failure is kept until it is whole, and rewritten."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            kind = MutableHeaders(raw=list(message["headers"])).get("content-type", "")
            if message["status"] >= 400 and not kind.startswith(PROBLEM):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await _tell(self._send, self._start, bytes(self._body))
            return
        await self._send(message)


async def _tell(send: Send, start: Message, sentence: bytes) -> None:
    status = start["status"]
    data = write(status, sentence.decode("utf-8", "replace")[:500], [])
    headers = [pair for pair in start["headers"] if pair[0].lower() not in _REPLACED]
    headers += [
        (b"content-type", PROBLEM.encode()),
        (b"content-length", str(len(data)).encode()),
    ]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send(dict(start) | {"headers": headers})
    await send({"type": "http.response.body", "body": data})


def write(status: int, detail: str, faults: list[Fault]) -> bytes:
    """The bytes of a problem."""
    known = {one.value: one.phrase for one in HTTPStatus}
    problem = Problem(title=known.get(status, "Error"), status=status, detail=detail, errors=faults)
    return json.dumps(problem.model_dump(), ensure_ascii=False).encode()
