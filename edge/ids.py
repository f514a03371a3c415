"""Identifiers: UUID version 7 (RFC 9562), so that ids sort by the time they were made."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import NewType

EventId = NewType("EventId", str)
CameraId = NewType("CameraId", str)
HubId = NewType("HubId", str)
NewId = Callable[[], str]
"""Anything that gives a fresh id; tests hand in a counter."""


def uuid7(wall_s: float, randomness: Callable[[int], int] = secrets.randbits) -> str:
    """Make a UUID version 7 from Unix seconds and 74 random bits."""
    milliseconds = int(wall_s * 1000) & ((1 << 48) - 1)
    value = milliseconds << 80 | 0x7 << 76 | randomness(12) << 64 | 0b10 << 62 | randomness(62)
    return str(uuid.UUID(int=value))
