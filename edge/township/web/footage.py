"""Full pictures and recordings of a case's incidents: asked for, on their way, and seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import RedirectResponse, Response

from edge.errors import EdgeError
from edge.people import Right
from edge.site import Person, page, trouble
from edge.township.store.case_records import Case
from edge.township.store.hubs import read_details
from edge.township.store.records import Alert
from edge.township.store.transfers import OPEN, Transfer, transfers_of
from edge.township.web.rooms import InRoom, Room
from edge.township.web.seeing import CaseId, Monitor, Worker, visible

router = APIRouter()

MOST_ALERTS = 5
PICTURES_STOP = 0.6
"""Of a day's data; beyond that a hub keeps the rest for alerts."""

HubId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
IncidentId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
Sha = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")


@dataclass(frozen=True, slots=True)
class Footage:
    """What was asked for of one incident; None where nobody asked yet."""

    alert: Alert
    picture: Transfer | None
    clip: Transfer | None

    @property
    def both(self) -> tuple[tuple[str, Transfer | None], ...]:
        """In the order of the page."""
        # Where no picture was announced there is none to ask for.
        picture = [("picture", self.picture)] if self.alert.picture or self.picture else []
        return (*picture, ("clip", self.clip))

    @property
    def under_way(self) -> bool:
        return any(one is not None and one.state in OPEN for one in (self.picture, self.clip))


@router.get("/cases/{number}/footage")
def part(request: Request, room: InRoom, person: Worker, number: CaseId) -> Response:
    """The part of the case's page that loads itself again."""
    return page(request, "footage.html", **state_of(room, person, visible(room, person, number)))


@router.post("/cases/{number}/footage")
def ask(  # noqa: PLR0917 - the fields of a form
    request: Request,
    room: InRoom,
    person: Monitor,
    number: CaseId,
    incident: Annotated[str, Form(pattern=r"^[0-9a-f-]{36}$")],
    kind: Annotated[Literal["picture", "clip"], Form()],
) -> Response:
    """Ask the village; asked twice it is fetched once."""
    case = visible(room, person, number)
    found = next((one for one in _alerts(room, case) if one.id == incident), None)
    if found is None or room.pictures is None:
        raise HTTPException(404)
    try:
        if kind == "clip":
            room.pictures.request_clip(found.hub, found.id, person.name)
        else:
            room.pictures.request(found.hub, found.id, found.picture, person.name)
    except EdgeError as error:
        return trouble(request, 409, str(error))
    room.store.people.audit(person.name, f"ask_{kind}", f"{found.hub}/{found.id}")
    return RedirectResponse(f"/cases/{number}#footage", status_code=303)


@router.get("/footage/{hub}/{incident}/{sha256}")
def content(  # noqa: PLR0917 - the parts of an address
    request: Request,
    room: InRoom,
    person: Worker,
    hub: HubId,
    incident: IncidentId,
    sha256: Sha,
    download: bool = False,
) -> Response:
    """The bytes, whole or a range; the beginning of a look and every download are written down."""
    case = room.store.cases.of_alert(hub, incident)
    if case is None or room.pictures is None:
        raise HTTPException(404)
    visible(room, person, case)
    with room.store.database.read() as connection:
        known = transfers_of(connection, hub, incident)
    stored = next((one for one in known if one.sha256 == sha256 and one.state == "stored"), None)
    data = room.pictures.picture(sha256) if stored is not None else None
    if stored is None or data is None:
        raise HTTPException(404)
    asked = request.headers.get("range", "")
    if download or not asked or asked.startswith("bytes=0-"):
        action = "download" if download else "view"
        room.store.people.audit(person.name, f"{action}_{stored.kind}", f"{hub}/{incident}")
    headers = {"cache-control": "private, no-cache", "accept-ranges": "bytes"}
    if download:
        ending = "mp4" if stored.kind == "clip" else "jpg"
        name = f"{hub}-{incident[:8]}.{ending}"
        headers["content-disposition"] = f'attachment; filename="{name}"'
        return Response(data, media_type=stored.media_type, headers=headers)
    return _ranged(asked, data, stored.media_type, headers)


def state_of(room: Room, person: Person, case: Case) -> dict[str, Any]:
    """For the page of a case and its part."""
    rows = [_footage(room, alert) for alert in _alerts(room, case)]
    return {
        "case": case,
        "footage": rows,
        "may_ask": room.pictures is not None and person.has(Right.HANDLE),
        "waits": _waits(room, case.hub) if any(row.under_way for row in rows) else "",
    }


def _alerts(room: Room, case: Case) -> list[Alert]:
    known = room.store.cases.story(case.id)
    found = [room.store.alert(hub, id_) for hub, id_ in (known.alerts if known else [])]
    return [one for one in found if one is not None][:MOST_ALERTS]


def _footage(room: Room, alert: Alert) -> Footage:
    with room.store.database.read() as connection:
        known = transfers_of(connection, alert.hub, alert.id)

    def newest(kind: str) -> Transfer | None:
        return next((one for one in known if one.kind == kind), None)

    return Footage(alert, newest("picture"), newest("clip"))


def _waits(room: Room, hub: str) -> str:
    """Key of why nothing can come at this moment; empty while it can."""
    view = next((one for one in room.hubs() if one.hub.id == hub), None)
    if view is None or view.blind:
        return "offline"
    with room.store.database.read() as connection:
        details = read_details(connection, hub)
    if details.limit and details.spent >= PICTURES_STOP * details.limit:
        return "budget"
    return ""


def _ranged(asked: str, data: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """One range, as a player asks for it; anything else gets the whole."""
    match = _RANGE.fullmatch(asked.strip())
    if match is None:
        return Response(data, media_type=media_type, headers=headers)
    first = int(match[1])
    last = min(int(match[2]) if match[2] else len(data) - 1, len(data) - 1)
    if first > last:
        return Response(
            status_code=416, headers={**headers, "content-range": f"bytes */{len(data)}"}
        )
    headers = {**headers, "content-range": f"bytes {first}-{last}/{len(data)}"}
    return Response(data[first : last + 1], 206, headers=headers, media_type=media_type)
