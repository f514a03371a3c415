"""Writes clips, one after the other, on a thread that gives way to everything else."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from queue import Full, Queue
from threading import Thread

from vision.masks import Mask
from vision.recording.clip import ClipFile, ClipStore
from vision.recording.muxing import copy_packets, redraw_masked
from vision.recording.recorder import COPIED, Take
from vision.reports import ClipReport

NOTHING = "The camera had sent nothing that could be recorded at that moment."
NOT_COPIED = "The camera's video coding cannot be kept as a clip. Set the camera to H.264."
TOO_MANY = "Too many recordings waited to be written, so this one was given up."
FULL_DISK = "The recording could not be written to the disk of the box. Free some space."
BROKEN = "The camera's packets of that moment could not be made into a recording."
MOST_WAITING = 8
NICE = 15
DISK_ERRORS = frozenset({errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES})

log = logging.getLogger(__name__)


class ClipWriter:
    """Turns takes into files.

    Args:
        store: Where they are kept.
        masks: By camera; of one with masks no packet is written, only masked pictures.
        tell: Is told what became of every take.
    """

    def __init__(
        self, store: ClipStore, masks: Mapping[str, Mask], tell: Callable[[ClipReport], None]
    ) -> None:
        self._store = store
        self._masks = masks
        self._tell = tell
        self._waiting: Queue[Take | None] = Queue(MOST_WAITING)
        self._thread = Thread(target=self._run, name="clips", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def take(self, take: Take) -> None:
        """Queue a take; returns at once."""
        try:
            self._waiting.put_nowait(take)
        except Full:
            self._tell(ClipReport(take.camera, take.keys, problem=TOO_MANY))

    def stop(self, timeout_s: float = 0.0) -> None:
        """Finish the one that is being written, if there is time."""
        try:
            self._waiting.put_nowait(None)
        except Full:
            return
        self._thread.join(timeout_s)

    def write(self, take: Take) -> ClipReport:
        """Write one take; never raises."""
        try:
            file = self._written(take)
        except _NoClip as no:
            return ClipReport(take.camera, take.keys, problem=str(no))
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                log.warning("clip_not_kept camera=%s reason=%s", take.camera, error)
                return ClipReport(take.camera, take.keys, problem=FULL_DISK)
            # Whatever else the library says costs this clip, not all that come after it.
            log.exception("clip_broken camera=%s", take.camera)
            return ClipReport(take.camera, take.keys, problem=BROKEN)
        seconds = take.packets[-1].at_s - take.packets[0].at_s
        log.info("clip_kept camera=%s bytes=%d seconds=%.1f", take.camera, file.size, seconds)
        return ClipReport(
            take.camera,
            take.keys,
            sha256=file.sha256,
            size=file.size,
            seconds=round(seconds, 1),
            masked=take.camera in self._masks,
        )

    def _run(self) -> None:
        # Linux gives every thread its own niceness; detection must not wait for a clip.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        self._store.tidy()
        while (take := self._waiting.get()) is not None:
            self._tell(self.write(take))

    def _written(self, take: Take) -> ClipFile:
        shape, packets, mask = take.shape, take.packets, self._masks.get(take.camera)
        if shape is None or not packets:
            raise _NoClip(NOTHING)
        if mask is not None:
            return self._store.keep(partial(redraw_masked, shape, packets, mask))
        if shape.codec not in COPIED:
            raise _NoClip(NOT_COPIED)
        return self._store.keep(partial(copy_packets, shape, packets))


class _NoClip(Exception):
    """There will be no clip, and why."""
