"""Places as plain records. Positions are degrees, WGS 84; None while nobody knows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Village:
    """A village with its township and the boxes that stand in it.

    Attributes:
        code, township: 12 digits.
        township_name: Written in every row of a list, since lists are of one sheet.
    """

    code: str
    name: str
    township: str
    township_name: str
    lon: float | None = None
    lat: float | None = None
    hubs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid (网格) of a village and the account of the member who answers for it."""

    code: str
    name: str
    village: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class PlacedCamera:
    """A camera where it stands.

    Attributes:
        level: 1, 2 or 3 (一类, 二类, 三类).
        hub, channel: Which camera of which box it is; empty where none watches it.
    """

    code: str
    name: str
    village: str
    grid: str
    level: int
    lon: float | None = None
    lat: float | None = None
    hub: str = ""
    channel: str = ""
