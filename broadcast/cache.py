"""Keep spoken words, so that a warning that was said before starts at once."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from broadcast.clip import Clip, clip_from_wav, wav_from_clip
from broadcast.errors import ClipError

log = logging.getLogger(__name__)

SUFFIX = ".clip"
DIGEST_BYTES = 32


def key_of(*parts: str) -> str:
    """A file name's worth of everything that decides how words sound."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode(errors="replace")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


class ClipCache:
    """Clips by key, in memory and, where a folder is given, on disk.

    A file carries a digest of its content: what a power cut left half written is not played.
    A folder that fails costs speed, never speech: it is logged, and memory still serves.

    Args:
        folder: Made when missing; None keeps clips in memory alone.
        disk_bytes, memory_bytes: The least lately used go first beyond these.
    """

    def __init__(
        self, folder: Path | None, *, disk_bytes: int = 64 << 20, memory_bytes: int = 16 << 20
    ) -> None:
        self._folder = folder
        self._disk_bytes = disk_bytes
        self._memory_bytes = memory_bytes
        self._memory: OrderedDict[str, Clip] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Clip | None:
        """The clip, or None when it is not here or not whole."""
        with self._lock:
            if key in self._memory:
                self._memory.move_to_end(key)
                return self._memory[key]
        clip = self._read(key)
        if clip is not None:
            self._remember(key, clip)
        return clip

    def put(self, key: str, clip: Clip) -> None:
        """Keep a clip; a disk that refuses is logged and otherwise no matter."""
        self._remember(key, clip)
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._folder / f"{key}{SUFFIX}", wav_from_clip(clip))
            self._make_room(self._folder)
        except OSError as error:
            log.warning("clip not kept folder=%s error=%s", self._folder, error)

    def _remember(self, key: str, clip: Clip) -> None:
        with self._lock:
            self._memory[key] = clip
            self._memory.move_to_end(key)
            while (
                len(self._memory) > 1
                and sum(kept.samples.nbytes for kept in self._memory.values()) > self._memory_bytes
            ):
                self._memory.popitem(last=False)

    def _read(self, key: str) -> Clip | None:
        if self._folder is None:
            return None
        path = self._folder / f"{key}{SUFFIX}"
        try:
            content = path.read_bytes()
            clip = _verified(content)
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, ClipError) as error:
            log.warning("clip thrown away path=%s error=%s", path, error)
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        return clip

    def _write(self, path: Path, sound: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(hashlib.sha256(sound).digest() + sound)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except OSError:
            with suppress(OSError):
                Path(temporary).unlink()
            raise

    def _make_room(self, folder: Path) -> None:
        found = [(entry.stat(), entry) for entry in folder.glob(f"*{SUFFIX}")]
        total = sum(status.st_size for status, _ in found)
        for status, entry in sorted(found, key=lambda pair: pair[0].st_mtime_ns):
            if total <= self._disk_bytes:
                break
            entry.unlink(missing_ok=True)
            total -= status.st_size


def _verified(content: bytes) -> Clip:
    digest, sound = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if hashlib.sha256(sound).digest() != digest:
        raise ClipError("The kept clip is not whole.")
    return clip_from_wav(sound)
