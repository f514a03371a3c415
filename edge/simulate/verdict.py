"""What the township's tables say about a run of chaos."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from edge.simulate.hub_process import picture_of
from edge.township.store.tables import alerts, events, evidence, inbox

EVENTS_EACH = 3
"""The beginning, the picture and the end of an incident."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One run.

    Attributes:
        made: Incidents that the hubs were told to have.
        stored: Incidents that are there, each with its end.
        lost: Of the events (three for each incident) those that are not there.
        doubled: Events or alerts that are there more than once.
        pictures_missing: Incidents without their picture.
        out_of_order: Hubs whose numbers have holes, or whose incidents do not follow each other
            by number as they were written.
    """

    seed: int
    made: int
    stored: int
    lost: int
    doubled: int
    pictures_missing: int
    out_of_order: int
    kills: int = 0
    cuts: int = 0

    @property
    def unfinished(self) -> bool:
        return bool(self.lost or self.pictures_missing or self.stored < self.made)

    @property
    def kept(self) -> bool:
        return not (self.unfinished or self.doubled or self.out_of_order)

    def after(self, kills: int, cuts: int) -> Verdict:
        """With what was done to it."""
        return replace(self, kills=kills, cuts=cuts)

    def figures(self) -> dict[str, Any]:
        return asdict(self) | {"kept": self.kept}


def judge(engine: sa.Engine, hubs: Sequence[str], each: int, seed: int) -> Verdict:
    """Compare the tables with what every hub wrote: `each` incidents, numbered by `count`."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(inbox.c.hub, inbox.c.stream, inbox.c.seq, inbox.c.event_id)
            .where(inbox.c.hub.in_(hubs))
            .order_by(inbox.c.hub, inbox.c.seq)
        ).all()
        found = connection.execute(
            sa.select(
                alerts.c.hub,
                alerts.c.id,
                alerts.c.rev,
                alerts.c.phase,
                alerts.c.count.label("number"),
            )
            .where(alerts.c.hub.in_(hubs), alerts.c.kind == "intrusion")
            .order_by(alerts.c.hub)
        ).all()
        lines = connection.execute(
            sa.select(events.c.hub, events.c.incident, events.c.rev, events.c.seq)
            .where(events.c.hub.in_(hubs), events.c.rev.is_not(None), events.c.stream != "")
            .order_by(events.c.hub, events.c.seq)
        ).all()
        pictures = set(
            connection.execute(
                sa.select(evidence.c.hub, evidence.c.incident, evidence.c.sha256)
            ).all()
        )
    ended = [row for row in found if row.rev == 2 and row.phase == "closed"]
    numbers = {(row.hub, row.id): row.number for row in found}
    lines = [row for row in lines if (row.hub, row.incident) in numbers]
    begun = [(row.hub, numbers[row.hub, row.incident]) for row in lines if row.rev == 1]
    twice = len(rows) - len({row.event_id for row in rows})
    twice += len(lines) - len({(row.hub, row.incident, row.rev) for row in lines})
    twice += len(found) - len({(row.hub, row.number) for row in found})
    return Verdict(
        seed=seed,
        made=each * len(hubs),
        stored=len(ended),
        lost=max(0, EVENTS_EACH * each * len(hubs) - len({row.event_id for row in rows})),
        doubled=twice,
        pictures_missing=sum((row.hub, row.id, _sha256(row.id)) not in pictures for row in found)
        + max(0, each * len(hubs) - len(found)),
        out_of_order=sum(_is_mixed_up(hub, rows, begun) for hub in hubs),
    )


def _is_mixed_up(hub: str, rows: Sequence[Any], begun: Sequence[tuple[str, int]]) -> bool:
    numbers = [row.seq for row in rows if row.hub == hub]
    incidents = [number for name, number in begun if name == hub]
    without_holes = numbers == list(range(1, len(numbers) + 1))
    return not without_holes or incidents != list(range(1, len(incidents) + 1))


def _sha256(incident: str) -> str:
    return hashlib.sha256(picture_of(incident)).hexdigest()
