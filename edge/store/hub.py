"""The memory of the box as one object: what the hub asks, and nothing of how it is kept."""

from __future__ import annotations

import sqlite3
import uuid
from datetime import UTC, datetime
from pathlib import Path

from edge.clock import Clock
from edge.errors import StoreError
from edge.ids import NewId, uuid7
from edge.store.accounts import AccountTable
from edge.store.boots import BootTable
from edge.store.calendar import CalendarTable
from edge.store.clips import ClipTable
from edge.store.database import Database
from edge.store.dropping import DroppingTable
from edge.store.grants import GrantTable
from edge.store.incidents import IncidentTable
from edge.store.opening import prepare
from edge.store.plays import PlayTable
from edge.store.retention import RetentionTable
from edge.store.sent import SentTable
from edge.store.tunings import TuningTable

FILE_NAME = "hub.db"


class HubStore(
    IncidentTable,
    CalendarTable,
    PlayTable,
    AccountTable,
    DroppingTable,
    SentTable,
    BootTable,
    GrantTable,
    RetentionTable,
    TuningTable,
    ClipTable,
):
    """Everything a hub remembers, in one SQLite file.

    Every method blocks until it is done and may be called from any thread; a write is on the disk
    when it returns. Errors are `StoreError`, `StoreFull` and `StoreCorrupt`.
    """

    @classmethod
    def open(cls, folder: Path, clock: Clock, new_id: NewId | None = None) -> HubStore:
        """Open the database in a folder; make, check and migrate it as needed.

        A damaged file is renamed to `hub.db.quarantined-<moment>` and a new one is begun with a
        new stream id, so that the box keeps detecting; see `quarantined`.

        Args:
            folder: Where `hub.db` lies; made if it is missing.
            clock: What time it is, and since which boot.
            new_id: Gives ids; UUID 7 by the clock when it is left out.

        Raises:
            StoreFull: The folder is full or read-only.
            StoreError: It cannot be used otherwise.
        """
        path = folder / FILE_NAME
        aside = prepare(path, stamp=lambda: _file_stamp(clock))
        database = Database(path)
        try:
            stream_id, boot = database.write(
                lambda writer: _begin(writer, aside, new_id or (lambda: str(uuid.uuid4())))
            )
        except StoreError:
            database.close()
            raise
        fresh = new_id or (lambda: uuid7(clock.wall()))
        return cls(database, clock, fresh, stream_id=stream_id, boot=boot)

    @property
    def path(self) -> Path:
        """The database file."""
        return self._database.path

    @property
    def quarantined(self) -> Path | None:
        """Where a damaged database was put and nobody has been told yet; None otherwise."""
        name = self._meta("quarantined")
        return self.path.with_name(name) if name else None

    def quarantine_reported(self) -> None:
        """The damaged database has been reported; `quarantined` is None from now on."""
        self._database.write(
            lambda writer: writer.execute("DELETE FROM meta WHERE key = 'quarantined'")
        )

    def begin_stream(self) -> str:
        """Start a new stream, as must be done after a backup was restored.

        The old file may have given sequence numbers away that this copy does not remember.
        """
        stream_id = str(uuid.uuid4())
        self._database.write(lambda writer: _put_meta(writer, "stream", stream_id))
        self.stream_id = stream_id
        return stream_id

    def setting(self, key: str) -> str | None:
        """A small value somebody kept, or None."""
        found = self._database.read(
            lambda reader: reader.execute(
                "SELECT value FROM settings WHERE key = ?", (key,)
            ).fetchone()
        )
        return None if found is None else str(found[0])

    def put_setting(self, key: str, value: str) -> None:
        """Keep a small value."""
        self._database.write(
            lambda writer: writer.execute(
                "INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", (key, value)
            )
        )

    def close(self) -> None:
        """Finish what waits and let go of the file; a second call does nothing."""
        self._database.close()

    def _meta(self, key: str) -> str | None:
        found = self._database.read(
            lambda reader: reader.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        )
        return None if found is None else str(found[0])


def _file_stamp(clock: Clock) -> str:
    return datetime.fromtimestamp(clock.wall(), tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def _put_meta(writer: sqlite3.Connection, key: str, value: str) -> None:
    writer.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


def _begin(writer: sqlite3.Connection, aside: Path | None, new_id: NewId) -> tuple[str, int]:
    known = dict(writer.execute("SELECT key, value FROM meta").fetchall())
    stream_id = known.get("stream") or new_id()
    boot = int(known.get("boot", "0")) + 1
    _put_meta(writer, "stream", stream_id)
    _put_meta(writer, "boot", str(boot))
    if aside is not None:
        _put_meta(writer, "quarantined", aside.name)
    return stream_id, boot
