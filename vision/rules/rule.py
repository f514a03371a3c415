"""The seam between objects in the picture and incidents: one implementation per kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from vision.boxes import Box
from vision.frames import Frame
from vision.reports import Phase
from vision.settings import Point, Polygon, RuleSpec
from vision.tracking import Track
from vision.zones import Zone


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rule may know about one look.

    Attributes:
        now_s: `mono_s` of the frame.
        width, height: Pixels of the frame.
        tracks: The objects being followed, also those not found in this look.
        frame: The picture, masks applied, for rules that judge colour or change; None where only
            the objects are known.
        ignored: Pieces that a person told this kind of rule to ignore, fractions of the picture.
    """

    now_s: float
    width: int
    height: int
    tracks: tuple[Track, ...]
    frame: Frame | None = None
    ignored: tuple[Polygon, ...] = ()


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


def foot(box: Box, scene: Scene) -> Point:
    """Where the object touches the ground, in fractions; a hair inside a box cut by the edge."""
    left, _, right, bottom = box
    return (left + right) / 2 / scene.width, min(bottom / scene.height, 1 - 1e-6)


def stands_in(zone: Zone) -> Callable[[Track, Scene], bool]:
    """Whether an object stands in the zone."""
    return lambda track, scene: zone.contains(foot(track.box, scene))


def touches(zone: Zone) -> Callable[[Track, Scene], bool]:
    """Whether an object without feet, like fire, has its middle or its bottom in the zone."""

    def inside(track: Track, scene: Scene) -> bool:
        left, top, right, bottom = track.box
        middle = ((left + right) / 2 / scene.width, (top + bottom) / 2 / scene.height)
        return zone.contains(middle) or zone.contains(foot(track.box, scene))

    return inside
