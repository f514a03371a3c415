"""A village that falls silent is an incident of the township, and ends when it speaks again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from edge.clock import Clock
from edge.events import Bus, Change
from edge.ids import uuid7
from edge.link.messages import IncidentEvent
from edge.township.store import Database, alerts, hubs
from edge.township.store.inbox import Key
from edge.township.store.records import Hub
from edge.township.store.tables import alerts as alert_table

KIND = "hub_offline"
HOUSE = "hub"
"""Camera id of what concerns the box itself."""

_STREAM = str(uuid.UUID(int=0))


class Fleet:
    """Watches how long each hub has been silent.

    Args of the constructor: `listening_since_s` tells since when we could hear anybody (wall
    clock), None while we cannot; our own deafness is no fault of a village.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        *,
        offline_after_s: float,
        listening_since_s: Callable[[], float | None],
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._offline_after_s = offline_after_s
        self._listening_since_s = listening_since_s

    def tick(self) -> list[str]:
        """Open and close incidents of silent hubs; returns the hubs whose state changed.

        Raises:
            StoreError: Nothing was changed.
        """
        since_s = self._listening_since_s()
        if since_s is None:
            return []
        now = self._clock.wall()
        with self._database.read() as connection:
            known = hubs.list_hubs(connection)
            silent = _open_ones(connection)
        changed: list[tuple[Hub, str | None]] = []
        for hub in known:
            if hub.last_seen is None:
                continue
            quiet_s = now - max(hub.last_seen, since_s)
            spoke_s = now - hub.last_seen
            if hub.id not in silent and quiet_s > self._offline_after_s:
                changed.append((hub, None))
            elif hub.id in silent and spoke_s <= self._offline_after_s:
                changed.append((hub, silent[hub.id]))
        if not changed:
            return []
        with self._database.write() as connection:
            for hub, incident in changed:
                self._write(connection, hub, incident, now)
        for hub, _ in changed:
            self._bus.publish(Change("hub", hub.id))
            self._bus.publish(Change("incident"))
        return [hub.id for hub, _ in changed]

    def _write(self, connection: sa.Connection, hub: Hub, incident: str | None, now: float) -> None:
        phase: Literal["opened", "closed"] = "opened" if incident is None else "closed"
        began = _utc(hub.last_seen or now)
        if incident is not None:
            known = alerts.one_alert(connection, hub.id, incident)
            began = _utc(known.opened_at) if known else began
        event = IncidentEvent(
            id=incident or uuid7(now),
            rev=1 if incident is None else 2,
            phase=phase,
            kind=KIND,
            severity="urgent",
            camera=HOUSE,
            camera_name=hub.village or hub.id,
            village=hub.village,
            grid=hub.grid,
            opened_at=began,
            seen_at=_utc(now),
            closed_at=None if incident is None else _utc(now),
        )
        alerts.apply_incident(
            connection,
            Key(hub.id, _STREAM, 0),
            event,
            trusted=self._clock.trusted(),
            now=now,
        )


def _open_ones(connection: sa.Connection) -> dict[str, str]:
    query = sa.select(alert_table.c.hub, alert_table.c.id).where(
        alert_table.c.kind == KIND, alert_table.c.phase != "closed"
    )
    return {str(row.hub): str(row.id) for row in connection.execute(query)}


def _utc(wall_s: float) -> datetime:
    return datetime.fromtimestamp(wall_s, tz=UTC)
