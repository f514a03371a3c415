"""Somebody stays too long at a dangerous place."""

from __future__ import annotations

from vision.rules.episode import Episode
from vision.rules.rule import Finding, Scene, stands_in
from vision.rules.visits import Visits
from vision.settings import RuleSpec
from vision.zones import Zone


class Loitering:
    """One incident while one and the same object has been in the zone for longer than the dwell.

    A relay of people who each pass through is nothing, however long the zone is occupied. Who
    stands still is known to be there also in looks in which the detector misses him.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        self._dwell_s = spec.dwell_s
        self._visits = Visits(spec.labels, stands_in(zone))
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        inside = self._visits.look(scene)
        stayed = [
            visit.sight()
            for visit in inside
            if visit.convincing and scene.now_s - visit.since_s >= self._dwell_s
        ]
        return self._episode.look(scene.now_s, stayed, stayed)
