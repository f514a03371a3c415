"""Which camera is read, decoded or looked at in which thread: told from beyond a worker's death.

The worker writes into memory that it shares with its supervisor, and the interpreter's fault
handler adds the thread that a signal killed. A video library that a hostile stream breaks takes the
whole process with it; what is left here tells whose stream it was.
"""

from __future__ import annotations

import contextlib
import faulthandler
import mmap
import os
import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import get_ident

_ROW = struct.Struct("=QQQ")
"""Of each camera the threads that read, decode and look; 0: none."""

_READS, _DECODES, _LOOKS = 0, 8, 16
_THREAD = re.compile(rb"^Current thread 0x([0-9a-f]+)", re.MULTILINE)
_PLACE = re.compile(rb'File "[^"]*?([^"/]+)", line (\d+) in (\S+)')
MOST_WORDS = 1 << 18

Memory = bytearray | mmap.mmap


class Mark:
    """One camera's row; one thread reads it, and one at a time looks.

    Args:
        memory: Of all rows.
        number: Of the camera's row.
    """

    def __init__(self, memory: Memory, number: int = 0) -> None:
        self._memory = memory
        self._start = number * _ROW.size

    def reading(self) -> contextlib.AbstractContextManager[None]:
        """While this thread has the stream open."""
        return self._held(_READS)

    def decoding(self) -> contextlib.AbstractContextManager[None]:
        """While this thread is inside the decoder."""
        return self._held(_DECODES)

    def looking(self) -> contextlib.AbstractContextManager[None]:
        """While this thread analyses a picture."""
        return self._held(_LOOKS)

    @contextmanager
    def _held(self, column: int) -> Iterator[None]:
        place = self._start + column
        struct.pack_into("=Q", self._memory, place, get_ident())
        try:
            yield
        finally:
            struct.pack_into("=Q", self._memory, place, 0)


def unmarked() -> Mark:
    """A mark that nobody reads."""
    return Mark(bytearray(_ROW.size))


def open_marks(fd: int, cameras: Sequence[str], *, words: bool = True) -> dict[str, Mark]:
    """A worker's marks, in the order of its cameras; last words of a dying thread go behind them.

    Args:
        fd: As `made` gave it; negative: nobody reads the marks.
        cameras: Ids.
        words: Have the process write its last ones.
    """
    if fd < 0 or not cameras:
        return {camera: unmarked() for camera in cameras}
    memory = mmap.mmap(fd, len(cameras) * _ROW.size)
    if words:
        os.lseek(fd, len(cameras) * _ROW.size, os.SEEK_SET)
        # Only where it tells of all threads it says which of them died.
        faulthandler.enable(fd, all_threads=True)
    return {camera: Mark(memory, number) for number, camera in enumerate(cameras)}


def made(count: int) -> int:
    """A descriptor of empty marks for so many cameras; memory only, never the disk."""
    fd = os.memfd_create("marks")
    os.ftruncate(fd, count * _ROW.size)
    return fd


@dataclass(frozen=True, slots=True)
class LastWords:
    """What a dead worker left.

    Attributes:
        cameras: Those that may have killed it.
        certain: It died in a thread that worked for them.
        place: Where in the program, if known.
    """

    cameras: tuple[str, ...]
    certain: bool
    place: str = ""


def last_words(fd: int, cameras: Sequence[str]) -> LastWords:
    """Read the marks of a worker that was killed by a signal."""
    rows = os.pread(fd, len(cameras) * _ROW.size, 0)
    words = os.pread(fd, MOST_WORDS, len(rows))
    dead = _THREAD.search(words)
    found = _PLACE.search(words, dead.end() if dead else 0)
    place = b"%s:%s %s" % found.groups() if found else b""
    threads = dict(zip(cameras, _ROW.iter_unpack(rows), strict=True))
    if dead is not None:
        ident = int(dead[1], 16)
        guilty = tuple(camera for camera, row in threads.items() if ident in row)
        if guilty:
            return LastWords(guilty, len(guilty) == 1, place.decode("utf-8", "replace"))
    # Memory that one thread spoilt may kill another: whoever was at work then is suspected.
    at_work = tuple(c for c, (_, decodes, looks) in threads.items() if decodes or looks)
    return LastWords(at_work, certain=False, place=place.decode("utf-8", "replace"))
