"""Pictures on a server that speaks S3: two requests, signed, over one connection each."""

from __future__ import annotations

import hashlib
import http.client
from datetime import UTC, datetime
from urllib.parse import urlsplit

from edge.clock import Clock
from edge.errors import StoreError
from edge.township.pictures.signature import Credentials, signed_headers
from edge.township.pictures.store import named

_TIMEOUT_S = 20.0
_OK = 200
_NOT_FOUND = 404
_LARGEST_BYTES = 256 * 1024 * 1024


class S3Evidence:
    """A bucket with objects `ab/abcdef…`; the bucket is in the path, which every server knows."""

    def __init__(self, url: str, bucket: str, credentials: Credentials, clock: Clock) -> None:
        """Nothing is opened here.

        Args:
            url: For example `https://s3.example:9000`.
            bucket: Its name; it must exist.
            credentials: Who we are.
            clock: Signs the moment; the server refuses a clock that is 15 minutes off.
        """
        self._url = urlsplit(url)
        self._bucket = bucket
        self._credentials = credentials
        self._clock = clock

    def put(self, data: bytes, media_type: str) -> str:
        """Keep it; returns its SHA-256 when the server has confirmed it.

        Raises:
            StoreError: The server cannot be reached or refuses.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        status, answer = self._ask("PUT", sha256, data, media_type)
        if status != _OK:
            raise self._refused(status, answer)
        return sha256

    def get(self, sha256: str) -> bytes | None:
        """The bytes, checked; None if the server has none or others.

        Raises:
            StoreError: The server cannot be reached or refuses.
        """
        status, data = self._ask("GET", named(sha256), b"", "")
        if status == _NOT_FOUND:
            return None
        if status != _OK:
            raise self._refused(status, data)
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def _ask(self, method: str, sha256: str, body: bytes, media_type: str) -> tuple[int, bytes]:
        path = f"{self._url.path.rstrip('/')}/{self._bucket}/{sha256[:2]}/{sha256}"
        headers = signed_headers(
            self._credentials,
            method,
            self._url.netloc,
            path,
            body=body,
            at=datetime.fromtimestamp(self._clock.wall(), tz=UTC),
            more={"content-type": media_type} if media_type else None,
        )
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._url.netloc, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, body=body or None, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_LARGEST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise StoreError(
                f"The S3 server {self._url.netloc} cannot be reached: {error}. Check `s3_url` in "
                "the `[pictures]` section and the network."
            ) from error
        finally:
            connection.close()

    def _refused(self, status: int, answer: bytes) -> StoreError:
        text = answer.decode("utf-8", errors="replace")
        code = text.partition("<Code>")[2].partition("</Code>")[0] or "no reason given"
        return StoreError(
            f"The S3 server {self._url.netloc} refused ({status}, {code[:60]}). Check bucket, key "
            "and clock."
        )
