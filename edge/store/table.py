"""What every part of the hub's memory is made of."""

from __future__ import annotations

from edge.clock import Clock
from edge.ids import NewId
from edge.store.database import Database


class Table:
    """A group of tables in the database of a hub; the parts share one file and one writer.

    Attributes:
        stream_id: Random id made with the database; sequence numbers belong to it.
        boot: How many times the database was opened, this time included.
    """

    def __init__(
        self, database: Database, clock: Clock, new_id: NewId, *, stream_id: str, boot: int
    ) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id
        self.stream_id = stream_id
        self.boot = boot
