"""One SQLite file: one writer thread with a queue, readers beside it, set aside when damaged."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from edge.errors import StoreError
from edge.store.faults import from_sqlite
from edge.store.opening import connect

_log = logging.getLogger(__name__)

T = TypeVar("T")
_GROUP = 64
_IDLE_READERS = 4

Job = Callable[[sqlite3.Connection], T]
"""Work on a connection. It may run twice (a group that fails is tried one by one), so it must
change nothing but the database."""


@dataclass(slots=True)
class _Waiting:
    job: Job[Any]
    done: Future[Any] = field(default_factory=Future)


class Database:
    """Reads and writes of one file; every method may be called from any thread.

    A write returns when its transaction is on the disk (WAL, synchronous=FULL). Writes that wait
    share one transaction, because a card syncs slowly. A failed write leaves nothing behind, and
    the next one may succeed.
    """

    def __init__(self, path: Path) -> None:
        """Open a file that `opening.prepare` has made ready.

        Raises:
            StoreError: The file cannot be opened.
        """
        self.path = path
        try:
            self._writing = connect(path)
        except sqlite3.Error as error:
            raise from_sqlite(error, path) from error
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(_IDLE_READERS)
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._write_for_ever, name="store", daemon=True)
        self._thread.start()

    def write(self, job: Job[T]) -> T:
        """Run a job in a transaction and return what it returned, once it is committed.

        Raises:
            StoreFull: The disk is full or read-only; nothing of the job remains.
            StoreError: The database failed otherwise; nothing of the job remains.
        """
        waiting = _Waiting(job)
        with self._lock:
            self._refuse_when_closed()
            self._waiting.put(waiting)
        result: T = waiting.done.result()
        return result

    def read(self, question: Job[T]) -> T:
        """Ask a question on a read-only connection; never waits for a writer.

        Raises:
            StoreError: The database could not be read.
        """
        self._refuse_when_closed()
        try:
            reader = self._idle.get_nowait()
        except queue.Empty:
            reader = self._new_reader()
        try:
            answer = question(reader)
        except sqlite3.Error as error:
            reader.close()
            raise from_sqlite(error, self.path) from error
        self._give_back(reader)
        return answer

    def close(self) -> None:
        """Finish what waits, fold the write-ahead log into the file and let go of it."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._waiting.put(None)
        self._thread.join()
        while not self._idle.empty():
            self._idle.get_nowait().close()
        try:
            self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            _log.warning("store checkpoint_failed=%r", str(error))
        self._writing.close()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreError(f"{self.path} was already closed. Restart the program.")

    def _new_reader(self) -> sqlite3.Connection:
        try:
            return connect(self.path, read_only=True)
        except sqlite3.Error as error:
            raise from_sqlite(error, self.path) from error

    def _give_back(self, reader: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and not self._idle.full():
                self._idle.put_nowait(reader)
                return
        reader.close()

    def _write_for_ever(self) -> None:
        while (first := self._waiting.get()) is not None:
            group, last = self._gather(first)
            self._commit(group)
            if last:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        group = [first]
        while len(group) < _GROUP:
            try:
                more = self._waiting.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return group, True
            group.append(more)
        return group, False

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            results = self._transaction(group)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
            if len(group) > 1:
                for waiting in group:
                    self._commit([waiting])
                return
            if isinstance(error, sqlite3.Error):
                known = from_sqlite(error, self.path)
                known.__cause__ = error
                group[0].done.set_exception(known)
            else:
                group[0].done.set_exception(error)
            return
        for waiting, result in zip(group, results, strict=True):
            waiting.done.set_result(result)

    def _transaction(self, group: list[_Waiting]) -> list[Any]:
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            results = [waiting.job(self._writing) for waiting in group]
            self._writing.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return results

    def _roll_back(self) -> None:
        # SQLite itself has already rolled back after some errors, for example a full disk.
        if self._writing.in_transaction:
            try:
                self._writing.execute("ROLLBACK")
            except sqlite3.Error as error:
                _log.warning("store rollback_failed=%r", str(error))
