"""Who is on duty, and what one shift tells the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Request
from fastapi.responses import RedirectResponse, Response

from edge.events import Change
from edge.people import Right
from edge.site import Person, holding, page
from edge.township.duty import Shift
from edge.township.places.judging import ZONE
from edge.township.web.rooms import InRoom, Room
from edge.township.web.seeing import Looker, Monitor, sight_of

router = APIRouter()

DAYS = 7
Keeper = Annotated[Person, Depends(holding(Right.ROSTER))]
NoteId = Annotated[int, Path(ge=1, le=2**53)]


@dataclass(frozen=True, slots=True)
class Day:
    """The turns that begin on one day."""

    at: datetime
    today: bool
    shifts: list[Shift]


@router.get("/duty")
def duty(request: Request, room: InRoom, person: Looker, week: int = 0) -> Response:
    return _show(request, room, person, week=max(-52, min(52, week)))


@router.post("/duty/remove")
def remove(
    room: InRoom,
    person: Keeper,
    village: Annotated[str, Form(pattern=r"^([0-9]{12})?$")] = "",
    starts_at: Annotated[float, Form(ge=0, le=4_102_444_800)] = 0.0,
    rank: Annotated[int, Form(ge=1, le=9)] = 1,
) -> Response:
    """Take one turn out of the roster."""
    if not _keeps(person, village):
        raise HTTPException(404)
    if room.store.rosters.remove(village, starts_at, rank):
        when = datetime.fromtimestamp(starts_at, tz=ZONE)
        room.store.people.audit(
            person.name, "remove_turn", f"{when:%Y-%m-%d %H:%M} {village} {rank}"
        )
    return RedirectResponse("/duty", status_code=303)


@router.post("/duty/hand-over")
def hand_over(
    request: Request,
    room: InRoom,
    person: Monitor,
    note: Annotated[str, Form(max_length=2000)],
    to: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Leave a note for the next shift, or for one person."""
    words = note.strip()
    names = {account.name for account in room.store.people.accounts()}
    if not words or (to and to not in names):
        return _show(request, room, person, status=422, problem="duty.empty_note")
    room.store.rosters.hand_over(person.name, to, words, now=room.clock.wall())
    room.store.people.audit(person.name, "hand_over", to)
    room.bus.publish(Change("case"))
    return RedirectResponse("/duty", status_code=303)


@router.post("/duty/hand-over/{number}/take")
def take_over(room: InRoom, person: Monitor, number: NoteId) -> Response:
    """Say that a note was read."""
    if not room.store.rosters.take_over(number, person.name, now=room.clock.wall()):
        raise HTTPException(404)
    room.store.people.audit(person.name, "take_over", str(number))
    return RedirectResponse("/duty", status_code=303)


def _show(
    request: Request,
    room: Room,
    person: Person,
    *,
    week: int = 0,
    status: int = 200,
    problem: str = "",
) -> Response:
    now = room.clock.wall()
    today = datetime.fromtimestamp(now, tz=ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=today.weekday()) + timedelta(weeks=week)
    sight = sight_of(person)
    last = first + timedelta(days=DAYS)
    shifts = room.store.rosters.shifts(first.timestamp(), last.timestamp(), sight)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    turns = [
        Day(
            day,
            day == today,
            [
                s
                for s in shifts
                if datetime.fromtimestamp(s.starts_at, tz=ZONE).date() == day.date()
            ],
        )
        for day in days
    ]
    present = room.store.rosters.shifts(now, now + 1, sight)
    return page(
        request,
        "duty.html",
        status=status,
        problem=problem,
        days=turns,
        week=week,
        here=[shift for shift in present if shift.covers(now)],
        village_names={one.code: one.name for one in room.store.places.villages(sight)},
        notes=_notes(room, person),
        people=[
            account.name
            for account in room.store.people.accounts()
            if account.role.has(Right.HANDLE) and account.name != person.name
        ],
        hour=_hour,
        keeps=lambda shift: person.has(Right.ROSTER) and _keeps(person, shift.village),
    )


def _notes(room: Room, person: Person) -> list[object]:
    """Notes are among those who handle alerts; others have no business with them."""
    return list(room.store.rosters.handovers()) if person.has(Right.HANDLE) else []


def _keeps(person: Person, village: str) -> bool:
    return person.villages is None or village in person.villages


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, tz=ZONE).date()


def _hour(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=ZONE):%H:%M}"
