"""A vehicle goes against the allowed direction of its lane."""

from __future__ import annotations

import math
from collections import deque

from vision.boxes import Box
from vision.errors import RuleError
from vision.rules.episode import Episode
from vision.rules.rule import Finding, Scene, stands_in
from vision.rules.visits import Visits
from vision.settings import Point, RuleSpec
from vision.tracking import Track
from vision.zones import Zone

STEP_S = 0.9
"""Movement is judged over about this time, longer than the shaking of boxes."""

LOOKS = 2
"""Each look already tells of a movement over many, and the fast are in view for few."""

POINTS = 32
FAR = 0.25
"""In that time it must have moved by this part of its own size: what stands goes no way."""

AGAINST = -0.5
"""Cosine of the angle to the allowed way: within 60° of the opposite is against it."""


class WrongWay:
    """One incident while something moves against the zone's direction for the dwell.

    Raises:
        RuleError: No direction was given.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        if spec.direction_deg is None or not math.isfinite(spec.direction_deg):
            raise RuleError("The rule 'wrong_way' needs the allowed direction, direction_deg.")
        angle = math.radians(spec.direction_deg)
        self._way = (math.sin(angle), -math.cos(angle))
        self._dwell_s = spec.dwell_s
        self._inside = stands_in(zone)
        self._paths: dict[int, deque[tuple[float, Point]]] = {}
        self._visits = Visits(spec.labels, self._goes_against, enough=LOOKS, arrived=False)
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        self._paths = {t.id: self._paths.get(t.id) or deque(maxlen=POINTS) for t in scene.tracks}
        for track in scene.tracks:
            if track.seen:
                self._paths[track.id].append((scene.now_s, _centre(track.box)))
        against = self._visits.look(scene)
        sure = [
            visit.sight()
            for visit in against
            if visit.convincing and scene.now_s - visit.since_s >= self._dwell_s
        ]
        return self._episode.look(scene.now_s, [visit.sight() for visit in against], sure)

    def _goes_against(self, track: Track, scene: Scene) -> bool:
        path = self._paths[track.id]
        if not track.seen or not self._inside(track, scene):
            return False
        begun = next((at for at in reversed(path) if scene.now_s - at[0] >= STEP_S), path[0])
        across, down = (now - then for now, then in zip(path[-1][1], begun[1], strict=True))
        moved = math.hypot(across, down)
        left, top, right, bottom = track.box
        if moved < FAR * max(1.0, math.sqrt((right - left) * (bottom - top))):
            return False
        return (across * self._way[0] + down * self._way[1]) / moved <= AGAINST


def _centre(box: Box) -> Point:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
