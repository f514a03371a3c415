"""What of the township somebody may see, as a condition every query can carry."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from edge.township.store.place_tables import hub_places


@dataclass(frozen=True, slots=True)
class Sight:
    """Villages and cameras that a person has to do with.

    Attributes:
        villages: Their 12-digit codes; None means all, also boxes that stand in no known village.
        cameras: Camera ids; None means all.
    """

    villages: frozenset[str] | None = None
    cameras: frozenset[str] | None = None

    def of_hub(self, hub: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """Rows whose hub stands in one of the villages.

        Args:
            hub: Column that holds the hub's id, for example `alerts.c.hub`.
        """
        if self.villages is None:
            return sa.true()
        here = sa.select(hub_places.c.hub).where(hub_places.c.village.in_(sorted(self.villages)))
        return hub.in_(here)

    def of_village(self, village: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """Rows of one of the villages, where the column holds the code."""
        return sa.true() if self.villages is None else village.in_(sorted(self.villages))

    def of_camera(
        self, hub: sa.ColumnElement[str], camera: sa.ColumnElement[str]
    ) -> sa.ColumnElement[bool]:
        """Rows of a camera that may be seen, in a village that may be seen."""
        seen = self.of_hub(hub)
        return seen if self.cameras is None else seen & camera.in_(sorted(self.cameras))

    def sees_village(self, code: str) -> bool:
        return self.villages is None or code in self.villages


EVERYTHING = Sight()
"""For the program itself: ingest, figures, schedules."""
