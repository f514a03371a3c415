"""One database, one writer: opening, migrating, and transactions whose errors can be read aloud."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import exc

from edge.errors import StartError, StoreBusy, StoreError, StoreFull

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
BUSY_MS = 5000
_IN_THE_WAY = frozenset({"40P01", "40001"})
"""PostgreSQL: a deadlock was found, or two transactions wrote the same."""
_FULL = ("disk is full", "readonly", "read-only", "No space left", "could not extend")


class Database:
    """Connections to the township's database.

    All writing goes through `write`, one transaction at a time; a second process (the command
    line) waits for the database's own lock.
    """

    def __init__(self, url: str | sa.URL) -> None:
        """Open and bring the tables up to date.

        Args:
            url: SQLAlchemy URL, for example `sqlite:////var/lib/village-hub/township.db`.

        Raises:
            StartError: It cannot be opened, is damaged, or belongs to a newer version.
        """
        self._writer = threading.RLock()
        with ExitStack() as undo:
            self._open(url, undo)
            undo.pop_all()

    def _open(self, url: str | sa.URL, undo: ExitStack) -> None:
        try:
            self._engine = sa.create_engine(url, **_options(url))
            undo.callback(self._engine.dispose)
            if self._engine.dialect.name == "sqlite":
                _prepare_sqlite(self._engine)
            self._migrate()
        except (exc.SQLAlchemyError, CommandError, ModuleNotFoundError, StoreError) as error:
            shown = _shown(url)
            raise StartError(
                f"The township database {shown} cannot be used: {_first_line(error)} "
                "Check the path, the rights and the free space, or restore the last backup."
            ) from error

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One durable transaction: all of it or nothing.

        Raises:
            StoreFull: The disk is full or read-only.
            StoreError: Anything else that the database refuses.
        """
        with self._writer, _readable_errors(), self._engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent look.

        Raises:
            StoreError: The database cannot be read.
        """
        with _readable_errors(), self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Wait for the writer and let go of the files."""
        with self._writer:
            self._engine.dispose()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _options(url: str | sa.URL) -> dict[str, Any]:
    """A connection that a restart of the server cut off is replaced, not given out."""
    if sa.make_url(url).get_backend_name() == "sqlite":
        return {}
    # A plan that was made while the tables were small must not be kept for a full one.
    plans = "-c plan_cache_mode=force_custom_plan"
    return {"pool_pre_ping": True, "connect_args": {"options": plans}}


def _shown(url: str | sa.URL) -> str:
    """An address without its password."""
    try:
        return sa.make_url(url).render_as_string()
    except exc.ArgumentError:
        return "database"


@contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except exc.SQLAlchemyError as error:
        sentence = _first_line(error)
        if any(sign in sentence for sign in _FULL):
            raise StoreFull(
                "The township's disk is full or read-only; nothing was half written. "
                "Free some space."
            ) from error
        if getattr(getattr(error, "orig", None), "sqlstate", "") in _IN_THE_WAY:
            raise StoreBusy(f"The township database refused: {sentence}") from error
        raise StoreError(f"The township database refused: {sentence}") from error


def _first_line(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    return str(original).strip().split("\n", maxsplit=1)[0].rstrip(".") + "."


def _prepare_sqlite(engine: sa.Engine) -> None:
    """Let SQLAlchemy, not the driver, begin transactions; make commits survive a power cut."""

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, record: object) -> None:
        del record
        connection.isolation_level = None
        pragmas = (
            f"busy_timeout={BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        )
        try:
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}").close()
        except Exception:
            # The pool does not know this connection yet, so nobody else would close it.
            connection.close()
            raise

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        # A reader that later wants to write would be refused at once instead of waiting.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
