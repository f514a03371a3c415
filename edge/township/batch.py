"""What one transaction of the ingest found, to be told after its commit."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from edge.events import Change
from edge.link.township import Stored
from edge.township.cases.deadlines import Deadlines


@dataclass(slots=True)
class Counts:
    """What became of the messages since the start."""

    stored: int = 0
    duplicates: int = 0
    flagged: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Resync:
    """A hub should send its outbox again from here."""

    hub: str
    stream: str
    from_seq: int


@dataclass(frozen=True, slots=True)
class Repair:
    """A hub should send these rows again, which we do not have although it let go of them."""

    hub: str
    stream: str
    ranges: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Batch:
    """What one transaction found, to be told after its commit."""

    connection: sa.Connection
    now: float
    kept: list[Stored] = field(default_factory=list)
    changes: dict[Change, None] = field(default_factory=dict)
    resyncs: list[Resync] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    deadlines: Deadlines | None = None
    spoke: set[str] = field(default_factory=set)
    """Hubs that were heard; their rows are written last, because everybody writes them."""

    def tell(self, topic: str, id_: str = "") -> None:
        self.changes[Change(topic, id_)] = None
