"""The seam between objects in the picture and incidents: one implementation per kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from vision.boxes import Box
from vision.reports import Phase
from vision.settings import RuleSpec
from vision.tracking import Track
from vision.zones import Zone


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rule may know about one look.

    Attributes:
        now_s: `mono_s` of the frame.
        width, height: Pixels of the frame.
        tracks: The objects being followed, also those not found in this look.
    """

    now_s: float
    width: int
    height: int
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's word on an incident.

    Attributes:
        number: Counts the incidents of this rule; the same in all phases of one incident.
        box: The object that shows it best, pixels; in a closing one the last known.
        score: The best score so far, 0..1.
        count: How many objects are in the zone.
        dwell_s: How long it has lasted.
        first_s: `mono_s` when the object was first seen.
        picture: Whether this frame is good evidence and should be sent along.
    """

    number: int
    phase: Phase
    label: str
    score: float
    count: int
    dwell_s: float
    box: Box
    first_s: float
    picture: bool = True


class Rule(Protocol):
    """Decides when something is an incident. One instance per camera, rule and zone."""

    def look(self, scene: Scene) -> list[Finding]:
        """Consider one look; findings in the order they happened.

        Between OPENED and CLOSED of one number come any number of UPDATED; there is never more
        than one incident open.
        """
        ...


RuleFactory: TypeAlias = Callable[[RuleSpec, Zone], Rule]
