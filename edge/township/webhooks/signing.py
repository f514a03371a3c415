"""Signatures as the open specification Standard Webhooks (1.0.0) writes them.

A receiver checks the HMAC over id, timestamp and body, refuses what is older than five minutes,
and drops an id it has seen.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_MARK = "whsec_"


def new_secret() -> str:
    """A secret of 256 bits, as receivers' libraries want it."""
    return _MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(secret: str, event_id: str, at: float, body: bytes) -> dict[str, str]:
    """The headers that go with a body.

    Args:
        secret: From `new_secret`.
        event_id: The same for every attempt.
        at: Unix seconds of this attempt.
        body: Exactly the bytes that are sent.
    """
    key = base64.b64decode(secret.strip().removeprefix(_MARK))
    content = f"{event_id}.{int(at)}.".encode() + body
    mac = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1,{mac}",
    }
