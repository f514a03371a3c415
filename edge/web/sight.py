"""What one person may see of the house: his cameras and what happened before them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fastapi import HTTPException, Request

from edge.site import Person
from edge.store.records import Incident, PlayRecord
from edge.web.house import House, Memory, Overview

PAGE = 20
_MOST_LOOKED_AT = 2000


def house_of(request: Request) -> House:
    """The hub behind a request."""
    house: House = request.app.state.house
    return house


def overview_for(house: House, person: Person) -> Overview:
    """The box at a glance, without the cameras this person may not see."""
    whole = house.overview()
    return replace(whole, cameras=tuple(c for c in whole.cameras if person.sees(c.id)))


def incident_for(house: House, person: Person, incident_id: str) -> Incident:
    """An incident this person may see; one he may not is as if it were not there."""
    incident = house.store.incident(incident_id)
    if incident is None or not person.sees(incident.camera):
        raise HTTPException(404)
    return incident


def incidents_for(
    store: Memory,
    person: Person,
    *,
    limit: int = PAGE,
    before: str | None = None,
    camera: str | None = None,
    open_only: bool = False,
) -> list[Incident]:
    """Newest first, only of cameras this person may see."""
    found: list[Incident] = []
    for incident in _walk(store, before, camera, open_only=open_only, step=limit):
        if person.sees(incident.camera):
            found.append(incident)
        if len(found) == limit:
            break
    return found


def plays_for(store: Memory, person: Person, limit: int = 100) -> list[PlayRecord]:
    """What was said, newest first, without the warnings at cameras this person may not see."""
    plays = store.plays(limit)
    if person.cameras is None:
        return plays
    cameras = {p.incident: store.incident(p.incident) for p in plays if p.incident}
    return [
        p
        for p in plays
        if not p.incident or ((of := cameras[p.incident]) is not None and person.sees(of.camera))
    ]


def _walk(
    store: Memory, before: str | None, camera: str | None, *, open_only: bool, step: int
) -> Iterator[Incident]:
    looked_at = 0
    while looked_at < _MOST_LOOKED_AT:
        batch = store.incidents(step, before, camera, open_only=open_only)
        yield from batch
        if len(batch) < step:
            return
        looked_at += len(batch)
        before = batch[-1].id
