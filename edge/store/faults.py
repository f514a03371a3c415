"""What SQLite and the file system complain about, as sentences a clerk can act on."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from edge.errors import StoreCorrupt, StoreError, StoreFull

_PRIMARY = 0xFF
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_NO_WRITING = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_OS_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_OS_NO_WRITING = {errno.EROFS, errno.EACCES, errno.EPERM}


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, as opposed to the disk or the moment."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _DAMAGED


def from_sqlite(error: sqlite3.Error, path: Path) -> StoreError:
    """The error of the house for an error of SQLite about the database at `path`."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in _NO_ROOM:
        return StoreFull(
            f"{path} could not be written ({error}); nothing was half written. Free space on the "
            f"disk of {path.parent}, or replace the card if it is worn out."
        )
    if code in _NO_WRITING:
        return StoreFull(
            f"{path} cannot be opened for writing ({error}); nothing was half written. Make "
            f"{path.parent} writable for the user the hub runs as."
        )
    if code in _DAMAGED:
        return StoreCorrupt(
            f"{path} is damaged ({error}). Restart the hub: it sets the file aside and begins a "
            "new one."
        )
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreError(
            f"{path} is held by another program ({error}). Stop the other program and try again."
        )
    return StoreError(f"{path} could not be used: {error}.")


def from_system(error: OSError, path: Path) -> StoreError:
    """The error of the house for a failed file operation below `path`."""
    if error.errno in _OS_NO_ROOM:
        return StoreFull(
            f"{path} could not be written because the disk is full; nothing was half written. "
            f"Free space on the disk of {path.parent}."
        )
    if error.errno in _OS_NO_WRITING:
        return StoreFull(
            f"{path} could not be written because it may not be changed ({error.strerror}). Make "
            f"{path.parent} writable for the user the hub runs as."
        )
    return StoreError(f"{path} could not be used: {error.strerror or error}.")
