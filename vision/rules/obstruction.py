"""A vehicle stands where the way must be free: a fire lane, a bridge, a narrow village road."""

from __future__ import annotations

from vision.rules.episode import Episode
from vision.rules.rule import Finding, Scene, stands_in
from vision.rules.visits import Visit, Visits
from vision.settings import RuleSpec
from vision.zones import Zone


class Obstruction:
    """One incident while a vehicle has been standing in the zone for longer than the dwell.

    Vehicles that creep in a queue do not count: each movement begins the time anew.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        self._dwell_s = spec.dwell_s
        self._visits = Visits(spec.labels, stands_in(zone))
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        standing = [
            visit.sight()
            for visit in self._visits.look(scene)
            if visit.convincing and scene.now_s - _since_s(visit) >= self._dwell_s
        ]
        return self._episode.look(scene.now_s, standing, standing)


def _since_s(visit: Visit) -> float:
    return max(visit.since_s, visit.track.still_since_s)
