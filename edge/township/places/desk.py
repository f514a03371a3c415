"""Lists between being looked at and being saved: who sent what in, for half an hour."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edge.township.duty import Shift
from edge.township.places.judging import ZONE, Bench, camera_of, grid_of, turn_of, village_of
from edge.township.places.lists import LEVEL_NAMES, ListKind
from edge.township.places.preview import Entry, Preview, preview
from edge.township.places.sheets import read_sheet
from edge.township.store import Store
from edge.township.store.places import Outcome
from edge.township.store.sight import Sight

LASTS_S = 1800.0
MOST = 12


@dataclass(frozen=True, slots=True)
class _Waiting:
    who: str
    until: float
    kind: ListKind
    entries: tuple[Entry, ...]


class ImportDesk:
    """Looks at lists, keeps the good rows for a while, and saves them when told to.

    Nothing reaches the database before `save`. What waits is lost at a restart; then the person
    chooses the file again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()

    def look(
        self, kind: ListKind, data: bytes, *, who: str, sight: Sight, now: float
    ) -> tuple[str, Preview]:
        """Read a file and judge every row.

        Returns:
            A token for `save` and what was found.

        Raises:
            SheetRefused: The file cannot be read as such a list.
        """
        people = {account.name for account in self._store.people.accounts()}
        bench = Bench(self._store.places.known(), people, sight.villages)
        found = preview(kind, read_sheet(data), bench.judge(kind.id))
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._waiting[token] = _Waiting(who, now + LASTS_S, kind, found.entries)
            while len(self._waiting) > MOST:
                self._waiting.popitem(last=False)
        return token, found

    def save(self, token: str, kind: ListKind, *, who: str, now: float) -> Outcome | None:
        """Save the good rows of a list that was looked at; None when it waits no more."""
        with self._lock:
            waiting = self._waiting.pop(token, None)
        if waiting is None or waiting.who != who or waiting.kind is not kind:
            return None
        if waiting.until < now:
            return None
        entries, places = waiting.entries, self._store.places
        match kind.id:
            case "villages":
                return places.put_villages([village_of(entry) for entry in entries])
            case "grids":
                return places.put_grids([grid_of(entry) for entry in entries])
            case "cameras":
                return places.put_cameras([camera_of(entry) for entry in entries])
            case _:
                return self._store.rosters.put([turn_of(entry) for entry in entries])

    def rows(
        self, kind: ListKind, sight: Sight, *, since: float, until: float
    ) -> list[Sequence[object]]:
        """What is kept, in the columns of the template; turns between two moments."""
        places = self._store.places
        match kind.id:
            case "villages":
                return [
                    (v.township, v.township_name, v.code, v.name, v.lon, v.lat, "、".join(v.hubs))
                    for v in places.villages(sight)
                ]
            case "grids":
                return [(g.village, g.code, g.name, g.member) for g in places.grids(sight)]
            case "cameras":
                return [
                    (c.village, c.code, c.name, LEVEL_NAMES.get(c.level, ""), c.grid,
                     c.lon, c.lat, c.hub, c.channel)
                    for c in places.cameras(sight)
                ]  # fmt: skip
            case _:
                return [_turn(one) for one in self._store.rosters.shifts(since, until, sight)]


def _turn(shift: Shift) -> Sequence[object]:
    start = datetime.fromtimestamp(shift.starts_at, tz=ZONE)
    end = datetime.fromtimestamp(shift.ends_at, tz=ZONE)
    hours = f"{start:%H:%M}", f"{end:%H:%M}"
    return (
        f"{start:%Y-%m-%d}", *hours, shift.village, shift.rank, shift.person,
        shift.phone, shift.note,
    )  # fmt: skip
