"""The wall: open cases, the newest and gravest first, kept true by asking for what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from edge.people import Right
from edge.site import Anybody, Person, page
from edge.township.store.case_records import QUEUE_ENDED, QUEUE_NEW, QUEUE_OPEN, CaseFilter
from edge.township.web.case_views import CaseView
from edge.township.web.rooms import InRoom, Room
from edge.township.web.seeing import Looker, sight_of, views_of

router = APIRouter()

STEP = 60
MOST = 600

Part = Literal["open", "new", "taken", "late", "ended"]
_QUEUES: dict[str, tuple[int, ...]] = {
    "open": (QUEUE_NEW, QUEUE_OPEN),
    "new": (QUEUE_NEW,),
    "taken": (QUEUE_OPEN,),
    "late": (QUEUE_NEW, QUEUE_OPEN),
    "ended": (QUEUE_ENDED,),
}
PARTS = tuple(_QUEUES)
_SEVERITIES = ("life_safety", "urgent", "notice")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody filters for, as it stands in the address."""

    part: str
    severity: str
    hub: str
    kind: str
    mine: bool
    wall: bool

    def address(self, path: str, /, **other: object) -> str:
        """The same filters at another path, some of them changed."""
        now = {name: getattr(self, name) for name in self.__slots__} | other
        said = {
            name: 1 if value is True else value
            for name, value in now.items()
            if value and not (name == "part" and value == "open")
        }
        return f"{path}?{urlencode(said)}" if said else path

    def filter(self, room: Room, person: Person) -> CaseFilter:
        return CaseFilter(
            queues=_QUEUES[self.part],
            severity=self.severity,
            hub=self.hub,
            kind=self.kind,
            late_at=room.clock.wall() if self.part == "late" else None,
            mine=person.name if self.mine else "",
            sight=sight_of(person),
        )


def wanted(  # noqa: PLR0917 - each is one filter of the address
    part: Part = "open",
    severity: Literal["", "life_safety", "urgent", "notice"] = "",
    hub: Annotated[str, Query(pattern=r"^([a-z0-9][a-z0-9-]{0,47})?$")] = "",
    kind: Annotated[str, Query(pattern=r"^[a-z_-]{0,32}$")] = "",
    mine: bool = False,
    wall: bool = False,
) -> Wanted:
    """The filters of an address; anything else in them is refused."""
    return Wanted(part, severity, hub, kind, mine, wall)


InWanted = Annotated[Wanted, Depends(wanted)]
Shown = Annotated[int, Query(ge=1, le=MOST)]
Have = Annotated[str, Query(max_length=MOST * 32, pattern=r"^[0-9a-f.,-]*$")]


@router.get("/")
def board(
    request: Request, room: InRoom, person: Anybody, want: InWanted, show: Shown = STEP
) -> Response:
    """The wall; a grid member has no wall, only what was given to him."""
    if not person.has(Right.LOOK):
        return RedirectResponse("/mine", status_code=303)
    context = _rows(room, person, want, show) | _around(room, person)
    context |= {
        "parts_of_wall": PARTS,
        "severities": _SEVERITIES,
        "villages": room.villages(sight_of(person)),
    }
    return page(request, "wall.html", **context)


@router.get("/wall/rows")
def rows(  # noqa: PLR0917 - the filters of an address
    request: Request,
    room: InRoom,
    person: Looker,
    want: InWanted,
    show: Shown = STEP,
    have: Have = "",
) -> Response:
    """The order of the rows, and only those that the page does not have as they are now."""
    known = dict(one.split(".", 1) for one in have.split(",") if "." in one)
    context = _rows(room, person, want, show)
    fresh = [one for one in context["rows"] if known.get(str(one.case.id)) != one.token]
    return page(request, "wall_rows.html", **(context | {"fresh": fresh}))


@router.get("/wall/state")
def state(request: Request, room: InRoom, person: Looker) -> Response:
    """What the wall cannot see: villages in trouble, and a broker that does not answer."""
    return page(request, "wall_state.html", **_around(room, person))


def _rows(room: Room, person: Person, want: Wanted, show: int) -> dict[str, Any]:
    found = want.filter(room, person)
    listed = room.store.cases.some(found, limit=show + 1)
    views: list[CaseView] = views_of(room, person, listed[:show])
    return {
        "rows": views,
        "fresh": views,
        "want": want,
        "wall": want.wall,
        "show": show,
        "more": min(MOST, show + STEP) if len(listed) > show and show < MOST else 0,
        "total": room.store.cases.count(found),
        "limit": MOST,
    }


def _around(room: Room, person: Person) -> dict[str, Any]:
    hubs = room.hubs(sight_of(person))
    return {
        "troubled": [hub for hub in hubs if hub.tone != "good"],
        "hub_count": len(hubs),
        "link_trouble": room.link_trouble(),
    }
