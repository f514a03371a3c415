"""Villages, grids and cameras, and the lists from Excel or CSV that they are made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, HTTPException, Path, Request, UploadFile
from fastapi.responses import Response

from edge.errors import AccessRefused, SheetRefused
from edge.people import Right
from edge.site import Person, page
from edge.township.places.desk import ImportDesk
from edge.township.places.lists import KINDS, LEVEL_NAMES, ListKind
from edge.township.places.sheets import LARGEST_FILE
from edge.township.places.writing import CSV, XLSX, write_csv, write_excel
from edge.township.web.rooms import InRoom
from edge.township.web.seeing import Looker, sight_of

router = APIRouter()

UPLOADS = {"/lists/": LARGEST_FILE + 64 * 1024}
SHOWN_PROBLEMS = 200
PAGE = 200
YEAR_S = 366 * 86_400.0

KindName = Literal["villages", "grids", "cameras", "roster"]
VillageCode = Annotated[str, Path(pattern=r"^[0-9]{12}$")]


def _desk_of(request: Request) -> ImportDesk:
    desk: ImportDesk = request.app.state.import_desk
    return desk


Desk = Annotated[ImportDesk, Depends(_desk_of)]


@router.get("/places")
def places(request: Request, room: InRoom, person: Looker) -> Response:
    """Every village of this person with its boxes and how many cameras stand there."""
    sight = sight_of(person)
    known = room.store.places
    return page(
        request,
        "places.html",
        villages=known.villages(sight),
        counts=known.camera_counts(sight),
        grids=_by_village(known.grids(sight)),
        kinds=[kind for kind in KINDS.values() if kind.id != "roster"],
    )


@router.get("/places/{village}")
def one(
    request: Request, room: InRoom, person: Looker, village: VillageCode, after: str = ""
) -> Response:
    """One village: its grids and cameras, with what its boxes say of them."""
    sight = sight_of(person)
    known = room.store.places
    found = [one for one in known.villages(sight) if one.code == village]
    if not found:
        raise HTTPException(404)
    cameras = known.cameras(sight, village=village, after=after[:64], limit=PAGE + 1)
    states = {
        (hub.id, camera.id): camera.state
        for hub in room.store.hubs(sight)
        for camera in hub.cameras
    }
    return page(
        request,
        "place.html",
        village=found[0],
        grids=[grid for grid in known.grids(sight) if grid.village == village],
        cameras=cameras[:PAGE],
        more=cameras[PAGE - 1].code if len(cameras) > PAGE else "",
        states=states,
        levels=LEVEL_NAMES,
    )


@router.get("/lists/{kind}")
def form(request: Request, person: Looker, kind: KindName) -> Response:
    """Where a list is sent in; with its template and what is kept now."""
    _may(person, kind)
    return page(request, "list.html", **_nothing(KINDS[kind]))


@router.get("/lists/{kind}/template.xlsx")
def template(person: Looker, kind: KindName) -> Response:
    """An empty list with one example row and what each column wants."""
    _may(person, kind)
    one = KINDS[kind]
    notes = [f"{column.title}：{column.hint}" for column in one.columns if column.hint]
    rows = [[column.example for column in one.columns]]
    return _file(write_excel(one.title, one.heading, rows, notes), XLSX, f"{kind}-template.xlsx")


@router.get("/lists/{kind}/now.{form}")
def export(
    room: InRoom, desk: Desk, person: Looker, kind: KindName, form: Literal["xlsx", "csv"]
) -> Response:
    """What is kept now, in the columns of the template."""
    one, now = KINDS[kind], room.clock.wall()
    rows = desk.rows(one, sight_of(person), since=now - YEAR_S, until=now + YEAR_S)
    room.store.people.audit(person.name, "export_list", f"{kind} {len(rows)}")
    if form == "csv":
        return _file(write_csv(one.heading, rows), CSV, f"{kind}.csv")
    return _file(write_excel(one.title, one.heading, rows), XLSX, f"{kind}.xlsx")


@router.post("/lists/{kind}")
def look(  # noqa: PLR0917 - parameters of a route are named
    request: Request,
    room: InRoom,
    desk: Desk,
    person: Looker,
    kind: KindName,
    file: Annotated[UploadFile, File()],
) -> Response:
    """What a list would do, and what is wrong with it; nothing is saved yet."""
    _may(person, kind)
    one = KINDS[kind]
    try:
        data = file.file.read(LARGEST_FILE + 1)
        token, found = desk.look(
            one, data, who=person.name, sight=sight_of(person), now=room.clock.wall()
        )
    except SheetRefused as refused:
        return page(request, "list_form.html", **_nothing(one) | {"refused": str(refused)})
    shown = _nothing(one) | {
        "found": found,
        "problems": found.problems[:SHOWN_PROBLEMS],
        "token": token,
        "file_name": (file.filename or "")[:80],
    }
    return page(request, "list_form.html", **shown)


@router.post("/lists/{kind}/save")
def save(  # noqa: PLR0917 - parameters of a route are named
    request: Request,
    room: InRoom,
    desk: Desk,
    person: Looker,
    kind: KindName,
    token: Annotated[str, Form(max_length=64)],
) -> Response:
    """Save the good rows of a list that was looked at."""
    _may(person, kind)
    one = KINDS[kind]
    outcome = desk.save(token, one, who=person.name, now=room.clock.wall())
    if outcome is None:
        return page(request, "list.html", **_nothing(one) | {"gone": True})
    room.store.people.audit(
        person.name, "import_list", f"{kind} +{outcome.new} ~{outcome.changed} ={outcome.same}"
    )
    return page(request, "list.html", **_nothing(one) | {"outcome": outcome})


def _nothing(kind: ListKind) -> dict[str, Any]:
    return {
        "kind": kind,
        "found": None,
        "problems": (),
        "token": "",
        "file_name": "",
        "refused": "",
        "outcome": None,
        "gone": False,
    }


def _may(person: Person, kind: str) -> None:
    """Who keeps the roster need not be who keeps the places.

    Raises:
        AccessRefused: The right is missing.
    """
    right = Right.ROSTER if kind == "roster" else Right.PLACES
    if not person.has(right):
        raise AccessRefused(f"This needs the right {right.value!r}.")


def _by_village(grids: list[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for grid in grids:
        counts[grid.village] = counts.get(grid.village, 0) + 1
    return counts


def _file(data: bytes, media_type: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)
