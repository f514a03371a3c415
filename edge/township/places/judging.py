"""What can only be judged beside other rows and what is kept; and rows made into records."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from edge.township.duty import Shift
from edge.township.places import codes
from edge.township.places.preview import Entry, Judge
from edge.township.places.records import Grid, PlacedCamera, Village

ZONE = ZoneInfo("Asia/Shanghai")


class Known(Protocol):
    """What is kept already."""

    @property
    def villages(self) -> Mapping[str, str]: ...

    @property
    def grids(self) -> Mapping[str, str]: ...

    @property
    def channels(self) -> Mapping[tuple[str, str], str]: ...

    @property
    def hubs(self) -> Mapping[str, str]: ...


@dataclass
class Bench:
    """Judges the rows of one list, one after the other.

    Attributes:
        known: What is kept already.
        people: Sign-in names.
        mine: Villages whose places this person may write; None for all.
    """

    known: Known
    people: Collection[str] = ()
    mine: frozenset[str] | None = None
    _hubs: dict[str, str] = field(default_factory=dict)
    _channels: dict[tuple[str, str], str] = field(default_factory=dict)

    def judge(self, kind: str) -> Judge:
        """The judge for a kind of list."""
        return {
            "villages": self._village,
            "grids": self._grid,
            "cameras": self._camera,
            "roster": self._turn,
        }[kind]

    def _village(self, entry: Entry) -> Iterator[tuple[str, str]]:
        code = text(entry, "code")
        if codes.township_of(code) != text(entry, "township"):
            yield "code", "other_township"
        if self.mine is not None and code not in self.mine:
            yield "code", "not_yours"
        yield from _half_position(entry)
        for hub in hubs_of(entry):
            if self._hubs.setdefault(hub, code) != code:
                yield "hubs", "hub_twice"

    def _grid(self, entry: Entry) -> Iterator[tuple[str, str]]:
        village = text(entry, "village")
        yield from self._in_village(village)
        if what := codes.wrong_grid(text(entry, "code"), village):
            yield "code", what
        member = text(entry, "member")
        if member and member not in self.people:
            yield "member", "unknown_person"

    def _camera(self, entry: Entry) -> Iterator[tuple[str, str]]:
        village, grid = text(entry, "village"), text(entry, "grid")
        yield from self._in_village(village)
        if grid and grid not in self.known.grids:
            yield "grid", "unknown_grid"
        elif grid and self.known.grids[grid] != village:
            yield "grid", "grid_elsewhere"
        yield from _half_position(entry)
        hub, channel = text(entry, "hub"), text(entry, "channel")
        if bool(hub) != bool(channel):
            yield "channel" if hub else "hub", "half_channel"
        elif hub:
            if self.known.hubs.get(hub, village) != village:
                yield "hub", "hub_elsewhere"
            code = text(entry, "code")
            kept = self.known.channels.get((hub, channel), code)
            if kept != code or self._channels.setdefault((hub, channel), code) != code:
                yield "channel", "channel_twice"

    def _turn(self, entry: Entry) -> Iterator[tuple[str, str]]:
        village = text(entry, "village")
        if village:
            yield from self._in_village(village)
        elif self.mine is not None:
            yield "village", "not_yours"
        if text(entry, "person") not in self.people:
            yield "person", "unknown_person"
        if text(entry, "start") == "24:00":
            yield "start", "no_hour"

    def _in_village(self, village: str) -> Iterator[tuple[str, str]]:
        if village not in self.known.villages:
            yield "village", "unknown_village"
        elif self.mine is not None and village not in self.mine:
            yield "village", "not_yours"


def village_of(entry: Entry) -> Village:
    return Village(
        text(entry, "code"),
        text(entry, "name"),
        text(entry, "township"),
        text(entry, "township_name"),
        number(entry, "lon"),
        number(entry, "lat"),
        hubs_of(entry),
    )


def grid_of(entry: Entry) -> Grid:
    return Grid(
        text(entry, "code"), text(entry, "name"), text(entry, "village"), text(entry, "member")
    )


def camera_of(entry: Entry) -> PlacedCamera:
    return PlacedCamera(
        text(entry, "code"),
        text(entry, "name"),
        text(entry, "village"),
        text(entry, "grid"),
        int(number(entry, "level") or 3),
        number(entry, "lon"),
        number(entry, "lat"),
        text(entry, "hub"),
        text(entry, "channel"),
    )


def turn_of(entry: Entry) -> Shift:
    """A turn; an end that is not after its beginning is on the next day."""
    day = datetime.fromisoformat(text(entry, "day")).replace(tzinfo=ZONE)
    start, end = (day + _clock(text(entry, key)) for key in ("start", "end"))
    if end <= start:
        end += timedelta(days=1)
    return Shift(
        text(entry, "village"),
        start.timestamp(),
        end.timestamp(),
        int(number(entry, "rank") or 1),
        text(entry, "person"),
        text(entry, "phone"),
        text(entry, "note"),
    )


def text(entry: Entry, key: str) -> str:
    """A text of an entry; empty where the cell was."""
    value = entry.values.get(key)
    return value if isinstance(value, str) else ""


def number(entry: Entry, key: str) -> float | None:
    """A number of an entry; None where the cell was empty."""
    value = entry.values.get(key)
    return value if isinstance(value, int | float) else None


def hubs_of(entry: Entry) -> tuple[str, ...]:
    """The boxes a village names."""
    value = entry.values.get("hubs")
    return value if isinstance(value, tuple) else ()


def _half_position(entry: Entry) -> Iterator[tuple[str, str]]:
    lon, lat = number(entry, "lon"), number(entry, "lat")
    if (lon is None) != (lat is None):
        yield ("lat" if lat is None else "lon"), "half_position"


def _clock(hour: str) -> timedelta:
    hours, minutes = hour.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
