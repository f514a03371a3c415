"""The page of reports, their files, and the list of those that were made on schedule."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import Response

from edge.people import Right
from edge.site import Person, holding_for_all, page, words_of
from edge.township.reports.charts import draw_bars, draw_columns
from edge.township.reports.periods import Kind, Period, day_of, period_of, read_period
from edge.township.reports.press import Press
from edge.township.reports.sections import Section, headlines, made_of, sections, title_of
from edge.township.reports.shelf import FORMS
from edge.township.web.rooms import InRoom
from edge.township.web.seeing import Looker, sight_of

router = APIRouter()

SHOWN_ROWS = 50
MOST_MADE = 60
Form = Literal["xlsx", "pdf"]
LookerOfAll = Annotated[Person, Depends(holding_for_all(Right.LOOK))]
Day = Annotated[date | None, Query()]


def _press_of(request: Request) -> Press:
    press: Press = request.app.state.press
    return press


InPress = Annotated[Press, Depends(_press_of)]


@router.get("/reports")
def shown(  # noqa: PLR0917 - parameters of a route are named
    request: Request,
    room: InRoom,
    person: Looker,
    press: InPress,
    kind: Kind = Kind.WEEK,
    day: Day = None,
) -> Response:
    """The figures of a span as they are now, of the villages this person has to do with."""
    now, words = room.clock.wall(), words_of(request)
    period = _period(kind, day, now)
    report = press.count(period, sight_of(person))
    following = period.following()
    return page(
        request,
        "reports.html",
        report=report,
        period=period,
        kinds=list(Kind),
        title=title_of(period, words),
        made=made_of(report, words),
        headlines=headlines(report, words),
        tables=sections(report, words),
        draw=_draw,
        before=period.before(),
        following=following if following.start <= now else None,
        shelf=press.shelf.listed()[:MOST_MADE] if person.sees_everything else None,
        title_of=lambda one: title_of(one, words),
        most=SHOWN_ROWS,
    )


@router.get("/reports/file/{form}")
def file(  # noqa: PLR0917 - parameters of a route are named
    request: Request,
    room: InRoom,
    person: Looker,
    press: InPress,
    form: Form,
    kind: Kind = Kind.WEEK,
    day: Day = None,
) -> Response:
    """The same figures as a file."""
    period = _period(kind, day, room.clock.wall())
    report = press.count(period, sight_of(person))
    data = press.write(report, form, words_of(request))
    room.store.people.audit(person.name, "take_report", f"{period.id}.{form}")
    return _sent(data, period, form)


@router.get("/reports/made/{name}/{form}")
def made(
    room: InRoom,
    person: LookerOfAll,
    press: InPress,
    name: Annotated[str, Path(max_length=40)],
    form: Form,
) -> Response:
    """A report of all villages that was made on schedule."""
    period = read_period(name)
    data = press.shelf.read(period, form) if period else None
    if period is None or data is None:
        raise HTTPException(404)
    room.store.people.audit(person.name, "take_report", f"{period.id}.{form}")
    return _sent(data, period, form)


def _period(kind: Kind, day: date | None, now: float) -> Period:
    return period_of(kind, day or day_of(now))


def _draw(table: Section) -> str:
    if table.chart == "columns":
        return draw_columns(table.title, table.bars(24))
    return draw_bars(table.title, table.bars())


def _sent(data: bytes, period: Period, form: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{period.id}.{form}"'}
    return Response(data, media_type=FORMS[form], headers=headers)
