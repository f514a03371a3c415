"""One incident's address leads to its case; and the pictures of incidents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import RedirectResponse, Response

from edge.township.web.rooms import InRoom
from edge.township.web.seeing import Worker, visible

router = APIRouter()

HubId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
IncidentId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
Sha = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.get("/alerts/{hub}/{incident}")
def one(room: InRoom, person: Worker, hub: HubId, incident: IncidentId) -> Response:
    case = room.store.cases.of_alert(hub, incident)
    if case is None:
        raise HTTPException(404)
    return RedirectResponse(f"/cases/{visible(room, person, case).id}", status_code=303)


@router.get("/pictures/{hub}/{incident}/{sha256}")
def picture(
    room: InRoom, person: Worker, hub: HubId, incident: IncidentId, sha256: Sha
) -> Response:
    case = room.store.cases.of_alert(hub, incident)
    if case is None:
        raise HTTPException(404)
    visible(room, person, case)
    jpeg = room.store.picture(hub, incident, sha256)
    if jpeg is None:
        raise HTTPException(404)
    # The hash is part of the address, so a browser may keep what it has seen.
    headers = {"cache-control": "private, max-age=86400, immutable"}
    return Response(jpeg, media_type="image/jpeg", headers=headers)
