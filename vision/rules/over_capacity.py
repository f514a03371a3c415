"""More people than a bridge, ferry, market or stage can safely hold: a count, nothing more."""

from __future__ import annotations

from collections import deque
from statistics import median_low

from vision.boxes import Box
from vision.errors import RuleError
from vision.rules.episode import Episode, Sight
from vision.rules.rule import Finding, Scene, stands_in
from vision.settings import RuleSpec
from vision.tracking import Track
from vision.zones import Zone

LOOKS = 5
"""The count is the median over these, so that one double box is not one person more."""


class OverCapacity:
    """One incident while there are more than `limit` for longer than the dwell.

    Raises:
        RuleError: No limit was given.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        if spec.limit < 1:
            raise RuleError("The rule 'over_capacity' needs a limit: how many people are allowed.")
        self._labels = frozenset(spec.labels)
        self._limit = spec.limit
        self._dwell_s = spec.dwell_s
        self._inside = stands_in(zone)
        self._counts: deque[int] = deque(maxlen=LOOKS)
        self._since_s: float | None = None
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        inside = [
            t
            for t in scene.tracks
            if t.proven and t.present and t.label in self._labels and self._inside(t, scene)
        ]
        self._counts.append(len(inside))
        count = median_low(self._counts)
        if count <= self._limit or not inside:
            self._since_s = None
            return self._episode.look(scene.now_s, (), ())
        if self._since_s is None:
            self._since_s = scene.now_s
        crowd = [_crowd(inside, self._since_s)]
        ripe = crowd if scene.now_s - self._since_s >= self._dwell_s else []
        return self._episode.look(scene.now_s, crowd, ripe, count=count)


def _crowd(tracks: list[Track], since_s: float) -> Sight:
    boxes = [track.box for track in tracks]
    around: Box = (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
    score = sum(track.usual_score for track in tracks) / len(tracks)
    first_s = min(track.first_s for track in tracks)
    return Sight(around, tracks[0].label, score, first_s, since_s, score)
