"""The cameras that were built, from the imported list, joined with those the boxes tell of."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from edge.township.rates import CameraClass, CameraFact, PlaceFact, cameras_of
from edge.township.store.sight import EVERYTHING, Sight
from edge.township.web.rooms import Room

SILENT_BEATS = 10
"""A box silent for so many heartbeats counts as not answering."""


def built_cameras(room: Room, sight: Sight = EVERYTHING) -> list[CameraFact]:
    """Every camera of the list, and those that boxes tell of and the list does not know.

    One of the list that no box watches was built and is not networked.
    """
    hubs = room.store.hubs(sight)
    told = {
        (one.hub, one.id): one
        for one in cameras_of(
            hubs, now=room.clock.wall(), offline_after_s=SILENT_BEATS * room.heartbeat_s
        )
    }
    if sight.cameras is not None:
        told = {key: one for key, one in told.items() if one.id in sight.cameras}
    villages = {one.code: one.name for one in room.store.places.villages(sight)}
    facts: list[CameraFact] = []
    for placed in room.store.places.cameras(sight):
        fact = told.pop((placed.hub, placed.channel), None)
        listed = fact or CameraFact(placed.hub, placed.code, networked=False)
        facts.append(
            replace(
                listed,
                village=villages.get(placed.village, listed.village),
                grid=placed.grid or listed.grid,
                camera_class=cast("CameraClass", str(placed.level or "")),
            )
        )
    return [*facts, *told.values()]


def watched_grids(room: Room, sight: Sight = EVERYTHING) -> list[PlaceFact]:
    """Every grid of the list as a place that should be seen, with the cameras that stand in it."""
    villages = {one.code: one.name for one in room.store.places.villages(sight)}
    cameras: dict[str, list[tuple[str, str]]] = {}
    for fact in built_cameras(room, sight):
        if fact.networked:
            cameras.setdefault(fact.grid, []).append((fact.hub, fact.id))
    return [
        PlaceFact(
            villages.get(grid.village, grid.village), grid.code, tuple(cameras.get(grid.code, ()))
        )
        for grid in room.store.places.grids(sight)
    ]
