"""Something lies where nothing should: a fallen load, a stone, rubbish, a thing left behind."""

from __future__ import annotations

from vision.boxes import Box, overlaps, padded, to_array
from vision.rules.episode import Episode, Sight
from vision.rules.ground import Ground, Lying
from vision.rules.rule import Finding, Scene
from vision.settings import Polygon, RuleSpec
from vision.zones import Zone

LABEL = "object"
AROUND = 0.15
"""A person's or a vehicle's box is widened by this: what it shades or carries is its own."""

KEPT_S = 0.5
"""Part of the dwell that is enough to keep an open incident open."""

SAME = 0.1


class LeftObject:
    """One incident while something that came to lie in the zone stays there for the dwell.

    It knows no shapes: whatever differs from the empty place, keeps still, has a border of its
    own, is no even shadow and is no person or vehicle being followed. What lay there when the
    camera was started is part of the place; what is taken away is no incident.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        self._dwell_s = max(1.0, spec.dwell_s)
        self._ground = Ground(zone.polygon)
        self._places: list[Box] = []
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        if scene.frame is None:
            return []
        busy = [
            padded(track.box, AROUND, scene.frame.width, scene.frame.height)
            for track in scene.tracks
            if track.proven and track.present
        ]
        busy += [_around(piece, scene) for piece in scene.ignored]
        enough_s = self._dwell_s * (KEPT_S if self._episode.is_open else 1.0)
        lying = [
            one
            for one in self._ground.look(scene.frame, busy, enough_s)
            if not _any_over(one.box, busy)
        ]
        there = [_sight(one, scene.now_s) for one in lying]
        return self._episode.look(scene.now_s, there, there)


def _sight(one: Lying, now_s: float) -> Sight:
    score = min(0.95, 0.5 + one.step / 200)
    begun_s = now_s - one.lasted_s
    return Sight(one.box, LABEL, score, begun_s, begun_s, score)


def _around(piece: Polygon, scene: Scene) -> Box:
    xs, ys = [x * scene.width for x, _ in piece], [y * scene.height for _, y in piece]
    return min(xs), min(ys), max(xs), max(ys)


def _any_over(box: Box, others: list[Box]) -> bool:
    return bool(others) and bool((overlaps(to_array([box]), to_array(others)) > SAME).any())
