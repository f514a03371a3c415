"""Where full pictures are kept: by the SHA-256 of their bytes, so that none is kept twice."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Protocol

from edge.errors import StoreError
from edge.files import write_durably

_SHA256 = re.compile(r"[0-9a-f]{64}")


class EvidenceStore(Protocol):
    """Keeps pictures. Every method may block; errors are `StoreError`."""

    def put(self, data: bytes, media_type: str) -> str:
        """Keep it durably; returns its SHA-256."""
        ...

    def get(self, sha256: str) -> bytes | None:
        """The bytes; None if they are not here or are not what their name says."""
        ...


class FileEvidence:
    """A folder `ab/abcdef…`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes, media_type: str) -> str:
        """Keep it durably; the type of the bytes is not written down.

        Raises:
            StoreError: The folder cannot be written.
        """
        del media_type
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        try:
            if not path.is_file() or path.stat().st_size != len(data):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_durably(path, data)
        except OSError as error:
            raise StoreError(
                f"The picture could not be written into {self._folder}: {error.strerror}. Check "
                "its rights and the free space."
            ) from error
        return sha256

    def get(self, sha256: str) -> bytes | None:
        """The bytes, checked.

        Raises:
            StoreError: The name is no SHA-256, or the file cannot be read.
        """
        try:
            data = self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(
                f"The picture could not be read from {self._folder}: {error.strerror}."
            ) from error
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def _path(self, sha256: str) -> Path:
        return self._folder / named(sha256)[:2] / sha256


def named(sha256: str) -> str:
    """The name itself, if it is one.

    Raises:
        StoreError: It could lead elsewhere.
    """
    if not _SHA256.fullmatch(sha256):
        raise StoreError(f"{sha256[:80]!r} is not the name of a picture.")
    return sha256
