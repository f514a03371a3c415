"""The enrolment desk's window: two questions over HTTPS, from anybody, until proven."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from edge.clock import Clock
from edge.enrolment.messages import (
    ENROL_PATH,
    LARGEST_REQUEST,
    RENEW_PATH,
    EnrolRequest,
    Message,
    RenewRequest,
    Trouble,
    read,
)
from edge.errors import EdgeError, EnrolmentRefused
from edge.site.attempts import Attempts, neighbourhood
from edge.township.enrolment.desk import Desk

log = logging.getLogger(__name__)

WINDOW_S: Final = 900.0
ENROL_TRIES: Final = 12
"""From one address in the window; a clerk who mistypes is told so before anything is sent."""
RENEW_TRIES: Final = 240
"""A village behind one address with many boxes, or a city behind one proxy, must get through."""
BODY_S: Final = 10.0


def build_endpoint(desk: Desk, clock: Clock) -> FastAPI:
    """The application for `Server`; it knows no sessions, no cookies and no pages."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    enrols = Attempts(allowed=ENROL_TRIES, window_s=WINDOW_S)
    renewals = Attempts(allowed=RENEW_TRIES, window_s=WINDOW_S)

    async def answer(
        request: Request, attempts: Attempts, work: Callable[[bytes], Message]
    ) -> Response:
        client = neighbourhood(request.client.host if request.client else "?")
        if attempts.enter(client, clock.monotonic()):
            log.warning("enrolment throttled address=%s", client)
            return _no(429, "Too many attempts from this network. Wait a quarter of an hour.")
        try:
            body = await _body(request)
            made = await run_in_threadpool(work, body)
        except EnrolmentRefused as error:
            return _no(403, str(error))
        except EdgeError as error:
            log.warning("enrolment failed reason=%r", str(error))
            return _no(503, str(error))
        return Response(made.to_bytes(), media_type="application/json")

    @app.post(ENROL_PATH)
    async def enrol(request: Request) -> Response:
        return await answer(request, enrols, lambda body: desk.enrol(read(EnrolRequest, body)))

    @app.post(RENEW_PATH)
    async def renew(request: Request) -> Response:
        return await answer(request, renewals, lambda body: desk.renew(read(RenewRequest, body)))

    async def nothing(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _no(status, "Here boxes get their certificates; there is nothing to see.")

    app.add_exception_handler(HTTPException, nothing)
    return app


async def _body(request: Request) -> bytes:
    """What was sent, if it is short and does not dawdle.

    Raises:
        EnrolmentRefused: It is neither.
    """
    taken = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                taken += piece
                if len(taken) > LARGEST_REQUEST:
                    raise EnrolmentRefused("The message about the certificate is too long.")
    except ClientDisconnect as error:
        raise EnrolmentRefused("The message about the certificate broke off.") from error
    except TimeoutError as error:
        raise EnrolmentRefused("The message about the certificate came too slowly.") from error
    return bytes(taken)


def _no(status: int, sentence: str) -> Response:
    return JSONResponse(Trouble(sentence=sentence[:500]).model_dump(), status_code=status)
