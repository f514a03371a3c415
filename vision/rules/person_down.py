"""Somebody lies on the ground and does not get up. Experimental: judged by the box alone."""

from __future__ import annotations

from vision.rules.episode import Episode
from vision.rules.rule import Finding, Scene, stands_in
from vision.rules.visits import Visit, Visits
from vision.settings import RuleSpec
from vision.tracking import Track
from vision.zones import Zone

LYING = 1.2
"""A box at least this many times wider than tall is somebody who lies."""


class PersonDown:
    """One incident while a box that is wider than tall has not moved for the dwell.

    It may have been upright before or have been found lying. Somebody who sleeps on a bench, or
    two people side by side in one box, look alike; somebody who lies towards the camera does not.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        inside = stands_in(zone)
        self._dwell_s = spec.dwell_s
        self._visits = Visits(
            spec.labels, lambda track, scene: lies(track) and inside(track, scene)
        )
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        lying = self._visits.look(scene)
        still = [
            visit.sight()
            for visit in lying
            if visit.convincing and scene.now_s - _since_s(visit) >= self._dwell_s
        ]
        return self._episode.look(scene.now_s, [visit.sight() for visit in lying], still)


def lies(track: Track) -> bool:
    """Whether the object is wider than tall."""
    left, top, right, bottom = track.box
    return right - left >= LYING * (bottom - top)


def _since_s(visit: Visit) -> float:
    return max(visit.since_s, visit.track.still_since_s)
