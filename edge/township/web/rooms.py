"""What every page of the township is handed: the store, the orders, and the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from edge.clock import Clock
from edge.events import Bus
from edge.people import Role
from edge.township.cases.deadlines import Deadlines
from edge.township.cases.desk import Desk
from edge.township.cases.verdicts import Verdict
from edge.township.orders import Orders
from edge.township.pictures.fetching import Fetching
from edge.township.store import Store
from edge.township.store.records import Hub
from edge.township.store.sight import EVERYTHING, Sight
from edge.township.web.views import HubView, view_hub


@dataclass(frozen=True, slots=True)
class Room:
    """The parts of the program that its pages may use.

    Attributes:
        heartbeat_s: How often hubs speak at least.
        invite: Makes a one-time link for a name, a role and villages (None for all).
        link_trouble: Why villages cannot be heard at this moment; empty while all is well.
        deadlines: Until when each step of a case is due.
        tell_hub: Is handed what people found out about an incident.
        pictures: Fetches full pictures and recordings; None where nobody can.
    """

    store: Store
    orders: Orders
    bus: Bus
    clock: Clock
    heartbeat_s: float
    invite: Callable[[str, Role, frozenset[str] | None], str]
    link_trouble: Callable[[], str] = lambda: ""
    deadlines: Deadlines = field(default_factory=Deadlines)
    tell_hub: Callable[[Verdict], None] = lambda _verdict: None
    pictures: Fetching | None = None

    @property
    def desk(self) -> Desk:
        """Where cases are moved."""
        return Desk(
            self.store.cases,
            self.bus,
            self.clock,
            deadlines=self.deadlines,
            tell_hub=self.tell_hub,
        )

    def villages(self, sight: Sight = EVERYTHING) -> dict[str, str]:
        """Name of every village within this sight by the id of its hub."""
        return {hub.id: hub.village or hub.id for hub in self.store.hubs(sight)}

    def hubs(self, sight: Sight = EVERYTHING) -> list[HubView]:
        """Every hub within this sight, with the cameras within it, the ones in trouble first."""
        gaps, now = self.store.gaps(), self.clock.wall()
        views = [
            view_hub(_within(hub, sight), gaps, now=now, heartbeat_s=self.heartbeat_s)
            for hub in self.store.hubs(sight)
        ]
        order = {"bad": 0, "warn": 1, "idle": 2, "good": 3}
        return sorted(views, key=lambda view: order[view.tone])


def _within(hub: Hub, sight: Sight) -> Hub:
    if sight.cameras is None:
        return hub
    seen = tuple(camera for camera in hub.cameras if camera.id in sight.cameras)
    return replace(hub, cameras=seen)


def furnish(app: FastAPI, room: Room) -> None:
    """Let the routes of an application find the room."""
    app.state.room = room


def _room_of(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


InRoom = Annotated[Room, Depends(_room_of)]
"""A route's parameter that receives the room."""
