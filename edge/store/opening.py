"""Making a database file ready: checked, set aside if damaged, brought to the newest shape."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from edge.errors import StoreError
from edge.files import sync_folder
from edge.store.faults import from_sqlite, from_system, is_damaged

_log = logging.getLogger(__name__)

_BUSY_TIMEOUT_S = 5.0
_WAL_LIMIT_BYTES = 4 * 1024 * 1024
_COMPANIONS = ("", "-wal", "-shm")


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection with the settings of the house; a thread that owns it may hand it on.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    where = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(
        where, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            # FULL: a commit that returned survives a power cut (NORMAL would lose the last ones).
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(path: Path, *, stamp: Callable[[], str]) -> Path | None:
    """Make the file at `path` usable: check it, set it aside if it is damaged, migrate it.

    Args:
        path: The database; its folder is made if it is missing.
        stamp: Gives a moment as text for the name of a file that is set aside.

    Returns:
        Where the damaged file was put; None when there was nothing wrong.

    Raises:
        StoreFull: The folder is full or read-only.
        StoreError: It cannot be used otherwise, or a newer version of the program made it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = None
        try:
            _bring_up(path)
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            aside = _set_aside(path, stamp())
            _log.error("store damaged=%s set_aside=%s reason=%r", path, aside, str(error))
            _bring_up(path)
        sync_folder(path.parent)
    except sqlite3.Error as error:
        raise from_sqlite(error, path) from error
    except OSError as error:
        raise from_system(error, path) from error
    return aside


def migrations() -> list[str]:
    """The numbered scripts in order; the n-th brings a database to version n."""
    folder = resources.files("edge.store") / "migrations"
    scripts = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda s: s.name
    )
    return [script.read_text(encoding="utf-8") for script in scripts]


def _bring_up(path: Path) -> None:
    connection = connect(path)
    try:
        _check(connection)
        _migrate(connection, path)
    finally:
        connection.close()


def _check(connection: sqlite3.Connection) -> None:
    answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        damaged = sqlite3.DatabaseError(answer)
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    scripts = migrations()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(scripts):
        raise StoreError(
            f"{path} was made by a newer version of Village Hub (format {version}, this program "
            f"knows {len(scripts)}). Install the newer version again, or move the file away."
        )
    for number, script in enumerate(scripts[version:], start=version + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        _log.info("store migrated=%s version=%d", path, number)


def _set_aside(path: Path, stamp: str) -> Path:
    """Rename the file and its log, so that an expert can look at them later."""
    aside = path.with_name(f"{path.name}.quarantined-{stamp}")
    for companion in _COMPANIONS:
        part = path.with_name(path.name + companion)
        if part.exists():
            part.rename(aside.with_name(aside.name + companion))
    return aside
