"""What every answer tells the browser to refuse: foreign scripts, frames, guesses, referrers."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms as well.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self), usb=()",
}


def security_headers(*, secure: bool) -> dict[str, str]:
    """The headers of every answer, with or without TLS."""
    return ALWAYS | ({"strict-transport-security": "max-age=31536000"} if secure else {})


class SecurityHeaders:
    """ASGI middleware that adds them; pages are not kept by browsers unless they say so."""

    def __init__(
        self, app: ASGIApp, *, secure: bool, image_hosts: Mapping[str, str] | None = None
    ) -> None:
        """Stand before everything.

        Args:
            app: The site.
            secure: Whether it is served over TLS.
            image_hosts: The one other host a page may show pictures of, by the page's path.
        """
        self._app = app
        self._image_hosts = dict(image_hosts or {})
        self._headers = security_headers(secure=secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if host := self._image_hosts.get(scope["path"]):
                    opened = POLICY.replace("img-src 'self'", f"img-src 'self' {host}")
                    headers["content-security-policy"] = opened
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, dress)
