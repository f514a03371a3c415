"""The calendar as a part of the running box: put together, looked after, and its days off read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from broadcast.calendar.working_days import ChineseDays, OwnDays
from broadcast.player import Broadcaster
from edge.announcing import AnnouncingDesk
from edge.calendar_desk import CalendarDesk
from edge.clock import Clock
from edge.errors import CalendarRefused, StoreError
from edge.ids import NewId
from edge.programmes import own_days
from edge.store.calendar import CalendarTable
from edge.timetable import Timetable

log = logging.getLogger(__name__)

TICK_S = 1.0
OWN_DAYS = "holidays.json"
"""In the state folder: days off that are not built in, or not as they are built in."""
MOST_BYTES = 1 << 20


class Horns(Protocol):
    """Ids of the loudspeakers that serve a zone."""

    def __call__(self, zone: str) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class CalendarRoom:
    """Everything of the calendar.

    Attributes:
        fault: Why the village's own days off are not used, as a sentence; else empty.
    """

    timetable: Timetable
    desk: CalendarDesk
    days: ChineseDays
    fault: str = ""

    @classmethod
    def open(
        cls,
        store: CalendarTable,
        announcing: AnnouncingDesk,
        broadcaster: Broadcaster,
        *,
        folder: Path,
        clock: Clock,
        new_id: NewId,
        speakers: Horns,
        on_change: Callable[[str], None],
    ) -> Self:
        """Put it together and end what the last power cut left under way."""
        own, fault = _own_days(folder / OWN_DAYS)
        days = ChineseDays(own)
        timetable = Timetable(
            store,
            announcing,
            days,
            clock=clock,
            new_id=new_id,
            on_change=on_change,
            speakers=speakers,
            warm=broadcaster.warm,
        )
        timetable.recover()
        desk = CalendarDesk(
            timetable,
            store,
            days,
            clock=clock,
            new_id=new_id,
            on_change=on_change,
            warm=broadcaster.warm,
        )
        return cls(timetable, desk, days, fault)

    async def keep_for_ever(self) -> None:
        """Look after it every second; what fails is tried again at the next."""
        while True:
            await asyncio.to_thread(self._tick)
            await asyncio.sleep(TICK_S)

    def _tick(self) -> None:
        try:
            self.timetable.tick()
        except (StoreError, CalendarRefused) as error:
            log.error("calendar not kept reason=%s", error)
        except Exception:
            # One programme that cannot be handled must not silence the others for good.
            log.exception("calendar not kept")


def _own_days(path: Path) -> tuple[OwnDays, str]:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES).decode()
    except FileNotFoundError:
        return OwnDays(), ""
    except (OSError, UnicodeDecodeError) as error:
        log.error("days off not read path=%s reason=%s", path, error)
        return OwnDays(), f"{path.name} cannot be read; the built-in holidays are used."
    try:
        return own_days(content), ""
    except CalendarRefused as error:
        log.error("days off not read path=%s reason=%s", path, error)
        return OwnDays(), str(error)
