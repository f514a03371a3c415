"""Pictures and recordings of incidents: files named by their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from edge.errors import StoreError
from edge.files import sync_folder, write_durably
from edge.store.faults import from_system

_SHA256 = re.compile(r"[0-9a-f]{64}")


class EvidenceStore:
    """A folder `ab/abcdef….jpg`; the name is the SHA-256 of the bytes.

    Every method may be called from any thread.

    Args:
        suffix: How the names of the files end.
    """

    def __init__(self, folder: Path, suffix: str = ".jpg") -> None:
        self._folder = folder
        self._suffix = suffix

    def put(self, jpeg: bytes) -> str:
        """Keep a picture; it is on the disk when this returns.

        Returns:
            Its SHA-256 in hexadecimal.

        Raises:
            StoreFull: The disk is full or read-only; no part of the picture remains.
        """
        sha256 = hashlib.sha256(jpeg).hexdigest()
        path = self.path(sha256)
        try:
            if path.is_file() and path.stat().st_size == len(jpeg):
                return sha256
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                sync_folder(self._folder)
            write_durably(path, jpeg)
        except OSError as error:
            raise from_system(error, path) from error
        return sha256

    def get(self, sha256: str) -> bytes | None:
        """The picture; None if it was pruned or is not what its name says (a damaged card).

        Raises:
            StoreError: The name is no SHA-256, or the file cannot be read.
        """
        path = self.path(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_system(error, path) from error
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def piece(self, sha256: str, offset: int, length: int) -> tuple[int, bytes] | None:
        """Size of the whole and some of its bytes, unchecked; None if it is not kept.

        Raises:
            StoreError: The name is no SHA-256, or the file cannot be read.
        """
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                file.seek(offset)
                return path.stat().st_size, file.read(length)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_system(error, path) from error

    def path(self, sha256: str) -> Path:
        """Where a picture lies or would lie.

        Raises:
            StoreError: The name is no SHA-256; it could lead out of the folder.
        """
        if not _SHA256.fullmatch(sha256):
            raise StoreError(f"{sha256[:80]!r} is not the name of a picture.")
        return self._folder / sha256[:2] / f"{sha256}{self._suffix}"

    def prune(
        self,
        max_bytes: int,
        keep: Collection[str],
        *,
        older_than_wall_s: float | None = None,
    ) -> int:
        """Remove the oldest pictures until the rest fits; returns how many went.

        Args:
            max_bytes: What may remain in all.
            keep: SHA-256 of pictures that stay in any case, for example of unsent incidents.
            older_than_wall_s: Pictures written before this Unix time go also if there is room.
        """
        files = sorted(self._files(), key=lambda item: item[0])
        total = sum(size for _, size, _ in files)
        gone = 0
        for written, size, path in files:
            expired = older_than_wall_s is not None and written < older_than_wall_s
            if (total <= max_bytes and not expired) or path.stem in keep:
                continue
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise from_system(error, path) from error
            total -= size
            gone += 1
        return gone

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self._folder.glob(f"??/*{self._suffix}"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            yield status.st_mtime, status.st_size, path
