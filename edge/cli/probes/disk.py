"""Whether the state folder can be written, has room, and how long a safe write takes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from edge.cli.probes.finding import Finding, Probe, Subject
from edge.files import write_durably

SLOW_MS = 1000.0
_BYTES = 64 * 1024


def look(subject: Subject) -> Iterator[Finding]:
    state = subject.settings.state
    folder = str(state.folder)
    try:
        there = _existing(state.folder)
        free_mb = shutil.disk_usage(there).free // 1_000_000
        sync_ms = _safe_write_ms(there)
    except OSError as error:
        reason = error.strerror or str(error)
        yield subject.bad("disk", "disk_unwritable", folder=folder, reason=reason)
        return
    if free_mb < state.free_mb:
        yield subject.bad(
            "disk", "disk_full", folder=folder, free_mb=free_mb, least_mb=state.free_mb
        )
    elif sync_ms > SLOW_MS:
        yield subject.bad("disk", "disk_slow", folder=folder, sync_ms=round(sync_ms))
    else:
        yield subject.good(
            "disk", "disk_good", folder=folder, free_mb=free_mb, sync_ms=round(sync_ms, 1)
        )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it: the program makes the rest at its start."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(None, "not a folder", str(folder))
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _safe_write_ms(folder: Path) -> float:
    trial = folder / f".village-hub-doctor-{os.getpid()}"
    begin = time.perf_counter()
    try:
        write_durably(trial, bytes(_BYTES))
        return (time.perf_counter() - begin) * 1000
    finally:
        trial.unlink(missing_ok=True)


PROBE = Probe("disk", look)
