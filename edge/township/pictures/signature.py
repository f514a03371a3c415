"""AWS Signature Version 4 for one request, from the standard library alone.

Algorithm: AWS General Reference, "Create a signed AWS API request" (canonical request, string to
sign, derived key, HMAC-SHA256), with the SHA-256 of the body in the signature.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are at an S3 server."""

    key_id: str
    secret: str
    region: str


def signed_headers(
    credentials: Credentials,
    method: str,
    host: str,
    path: str,
    *,
    body: bytes,
    at: datetime,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers that make a request to S3 valid.

    Args:
        credentials: Who asks.
        method: For example `PUT`.
        host: As in the `Host` header, with the port if it is not the usual one.
        path: Absolute and not yet encoded.
        body: What is sent.
        at: Now, in UTC; the server refuses what differs by more than 15 minutes.
        more: Further headers to be signed.
    """
    moment = at.strftime("%Y%m%dT%H%M%SZ")
    headers = {name.lower(): value.strip() for name, value in (more or {}).items()}
    headers |= {
        "host": host,
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-amz-date": moment,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(
        (method, quote(path, safe="/-_.~"), "", lines, names, headers["x-amz-content-sha256"])
    )
    scope = f"{moment[:8]}/{credentials.region}/s3/aws4_request"
    text = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{credentials.secret}".encode()
    for part in (moment[:8], credentials.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return headers
