"""A clip as a file: named by the SHA-256 of its bytes, whole or not there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A clip on the disk."""

    sha256: str
    size: int


class ClipStore:
    """A folder `ab/abcdef….mp4`.

    Args:
        folder: Made when the first clip is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, write: Callable[[Path], None]) -> ClipFile:
        """Let `write` fill a file, and keep it under its name once it is on the disk.

        Raises:
            OSError: The disk is full or read-only; nothing remains.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f"clip-{os.getpid()}-{id(write)}.part"
        try:
            write(part)
            sha256, size = _sum_of(part)
            final = self._folder / sha256[:2] / f"{sha256}.mp4"
            final.parent.mkdir(exist_ok=True)
            part.replace(final)
            _sync(final.parent)
            _sync(self._folder)
        finally:
            part.unlink(missing_ok=True)
        return ClipFile(sha256, size)

    def tidy(self) -> None:
        """Remove what an earlier life left half written."""
        for part in self._folder.glob("clip-*.part"):
            part.unlink(missing_ok=True)


def _sum_of(path: Path) -> tuple[str, int]:
    total, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total.update(piece)
            size += len(piece)
        os.fsync(file.fileno())
    return total.hexdigest(), size


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
