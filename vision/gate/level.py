"""How much of a stream is decoded: four levels, each contained in the next."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """From nothing but counting packets to every frame."""

    PACKETS = 0
    KEYS = 1
    NONREF = 2
    """Every frame that others are predicted from: those that come out are exact."""
    FULL = 3
