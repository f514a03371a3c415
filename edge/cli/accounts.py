"""Where the staff of a hub or township are kept, opened from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge.clock import Clock
from edge.ids import uuid7
from edge.settings.schema import HubSettings, TownshipSettings

if TYPE_CHECKING:
    from edge.site.accounts import Accounts


@contextmanager
def open_accounts(settings: HubSettings | TownshipSettings, clock: Clock) -> Iterator[Accounts]:
    """The accounts of the program these settings belong to; it may be running meanwhile.

    Raises:
        StoreError, StartError: The state folder or database cannot be used.
    """
    opened = _of_hub if isinstance(settings, HubSettings) else _of_township
    with opened(settings, clock) as accounts:  # type: ignore[arg-type] # chosen by its type above
        yield accounts


@contextmanager
def _of_hub(settings: HubSettings, clock: Clock) -> Iterator[Accounts]:
    from edge.store.accounts import AccountTable  # noqa: PLC0415 - only a hub has these
    from edge.store.audit import AuditTable  # noqa: PLC0415
    from edge.store.database import Database  # noqa: PLC0415
    from edge.store.hub import FILE_NAME  # noqa: PLC0415
    from edge.store.opening import prepare  # noqa: PLC0415

    class Staff(AuditTable, AccountTable):
        """Accounts and audit only: opening them is no boot of the box."""

    path = settings.state.folder / FILE_NAME
    prepare(path, stamp=lambda: f"{clock.wall():.0f}")
    database = Database(path)
    try:
        yield Staff(database, clock, lambda: uuid7(clock.wall()), stream_id="", boot=0)
    finally:
        database.close()


@contextmanager
def _of_township(settings: TownshipSettings, clock: Clock) -> Iterator[Accounts]:
    from edge.township.console import open_store  # noqa: PLC0415 - only a township has this

    store = open_store(settings, clock)
    try:
        yield store.people
    finally:
        store.close()
