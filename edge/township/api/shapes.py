"""What the API answers, as other programs see it. Moments are RFC 3339 in UTC."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from edge.township.places.records import PlacedCamera, Village
from edge.township.store.case_records import Case, CaseStep
from edge.township.store.records import Alert, Hub, Order

Next = Annotated[str | None, Field(description="`after` of the next page; absent at the end.")]


class Incident(BaseModel):
    """One incident of one hub at its newest revision."""

    hub: str
    id: str
    kind: str
    severity: str
    phase: str
    village: str
    grid: str
    camera: str
    camera_name: str
    zone_name: str
    label: str
    count: int
    drill: bool
    clock_trusted: bool = Field(description="False: believe `stored_at`, not `opened_at`.")
    opened_at: datetime
    closed_at: datetime | None
    stored_at: datetime

    @staticmethod
    def of(alert: Alert) -> Incident:
        moments = ("opened_at", "closed_at", "stored_at")
        plain = {name: getattr(alert, name) for name in Incident.model_fields}
        return Incident(**plain | {name: moment(getattr(alert, name)) for name in moments})


class CaseShape(BaseModel):
    """One matter that the township follows to its end."""

    id: int
    state: str
    kind: str
    severity: str
    drill: bool
    hub: str
    village: str
    village_code: str
    grid: str
    camera: str
    camera_name: str
    zone_name: str
    incident: str = Field(description="The first of its incidents.")
    count: int = Field(description="How many incidents were merged into it.")
    over: bool = Field(description="Every incident of it has ended at the place.")
    owner: str
    assignee: str
    clock_trusted: bool
    opened_at: datetime
    first_at: datetime
    newest_at: datetime
    accepted_at: datetime | None
    assigned_at: datetime | None
    handling_at: datetime | None
    reported_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None

    @staticmethod
    def of(case: Case, codes: dict[str, str]) -> CaseShape:
        plain = {
            name: getattr(case, name) for name in CaseShape.model_fields if name != "village_code"
        }
        moments = [name for name in plain if name.endswith("_at")]
        code = codes.get(case.hub, "")
        return CaseShape(
            **plain | {name: moment(plain[name]) for name in moments} | {"village_code": code}
        )


class Step(BaseModel):
    """One line in the story of a case."""

    at: datetime
    who: str
    action: str
    state: str
    words: str
    to: str

    @staticmethod
    def of(step: CaseStep) -> Step:
        plain = {name: getattr(step, name) for name in Step.model_fields}
        return Step(**plain | {"at": moment(step.at)})


class VillageShape(BaseModel):
    """A village; positions are degrees, WGS 84."""

    code: str
    name: str
    township: str
    lon: float | None
    lat: float | None
    hubs: list[str]

    @staticmethod
    def of(village: Village) -> VillageShape:
        plain = {name: getattr(village, name) for name in VillageShape.model_fields}
        return VillageShape(**plain | {"hubs": list(village.hubs)})


class CameraShape(BaseModel):
    """A camera where it stands; `level` is 1, 2 or 3 (一类, 二类, 三类)."""

    code: str
    name: str
    village: str
    grid: str
    level: int
    lon: float | None
    lat: float | None
    hub: str
    channel: str

    @staticmethod
    def of(camera: PlacedCamera) -> CameraShape:
        return CameraShape(**{name: getattr(camera, name) for name in CameraShape.model_fields})


class HubCamera(BaseModel):
    """A camera as its hub last described it."""

    id: str
    name: str
    state: str
    fault: str


class HubShape(BaseModel):
    """A village's box as last heard; `last_seen` says how old all of it is."""

    id: str
    village: str
    grid: str
    version: str
    state: str
    last_seen: datetime | None
    queued: int
    clock_trusted: bool
    faults: list[str]
    cameras: list[HubCamera]

    @staticmethod
    def of(hub: Hub) -> HubShape:
        names = ("id", "name", "state", "fault")
        return HubShape(
            id=hub.id,
            village=hub.village,
            grid=hub.grid,
            version=hub.version,
            state=hub.state,
            last_seen=moment(hub.last_seen),
            queued=hub.queued,
            clock_trusted=hub.clock_trusted,
            faults=list(hub.faults),
            cameras=[HubCamera(**{n: getattr(one, n) for n in names}) for one in hub.cameras],
        )


class Announcement(BaseModel):
    """An order to speak and the answer it got."""

    id: str
    hub: str
    issuer: str
    text: str
    state: str
    sentence: str
    issued_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None

    @staticmethod
    def of(order: Order) -> Announcement:
        try:
            text = str(json.loads(order.data).get("text", ""))
        except (ValueError, AttributeError):
            text = ""
        plain = {n: getattr(order, n) for n in Announcement.model_fields if n != "text"}
        moments = [name for name in plain if name.endswith("_at")]
        return Announcement(**plain | {n: moment(plain[n]) for n in moments} | {"text": text})


class Incidents(BaseModel):
    """A page of incidents, the newest stored first."""

    items: list[Incident]
    next: Next = None


class Cases(BaseModel):
    """A page of cases, the highest number first."""

    items: list[CaseShape]
    next: Next = None


class Steps(BaseModel):
    """The story of a case, oldest first."""

    items: list[Step]


class Villages(BaseModel):
    """Villages by code."""

    items: list[VillageShape]


class Cameras(BaseModel):
    """A page of cameras by code."""

    items: list[CameraShape]
    next: Next = None


class Hubs(BaseModel):
    """Every box of one's own villages."""

    items: list[HubShape]


class Announcements(BaseModel):
    """A page of announcements, the newest first."""

    items: list[Announcement]
    next: Next = None


def moment(wall_s: float | None) -> datetime | None:
    """Unix seconds as an aware moment."""
    return None if wall_s is None else datetime.fromtimestamp(wall_s, tz=UTC)
