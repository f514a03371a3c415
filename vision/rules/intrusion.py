"""A person or vehicle stays in a drawn zone."""

from __future__ import annotations

from vision.rules.episode import Episode
from vision.rules.rule import Finding, Scene, stands_in
from vision.rules.visits import Visits
from vision.settings import RuleSpec
from vision.zones import Zone


class Intrusion:
    """One incident while the zone is occupied, however many come and go meanwhile."""

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        self._dwell_s = spec.dwell_s
        self._visits = Visits(spec.labels, stands_in(zone))
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        inside = self._visits.look(scene)
        stayed = [
            visit
            for visit in inside
            if visit.convincing and scene.now_s - visit.since_s >= self._dwell_s
        ]
        return self._episode.look(
            scene.now_s, [v.sight() for v in inside], [v.sight() for v in stayed]
        )
