"""Somebody crosses a drawn line in a direction that counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vision.errors import RuleError
from vision.lines import LEFT, RIGHT, DrawnLine
from vision.rules.episode import Episode, Sight
from vision.rules.rule import Finding, Scene, foot
from vision.settings import Point, RuleSpec
from vision.tracking import Track
from vision.zones import Zone

LOOKS = 2
"""An object is on a side after this many looks on it in a row."""

BAND, CLEAR = 0.06, 0.15
"""Nearer to the line than the first part of its own size an object is on no side; further away than
the second it is on its side at the first look, for who comes fast into view has no two."""

_COUNTED = {"both": (LEFT, RIGHT), "left_to_right": (RIGHT,), "right_to_left": (LEFT,)}
"""The sides on which a crossing that counts ends."""


@dataclass(slots=True)
class _Walk:
    """One object's way: the side it is known to be on, and the one it may be changing to."""

    side: int = 0
    at: Point = (0.0, 0.0)
    next_side: int = 0
    next_at: Point = (0.0, 0.0)
    next_looks: int = 0
    next_since_s: float = 0.0


class LineCrossing:
    """One incident for a crossing, and for those that follow before the clear time is over.

    An object has crossed when it was on one side for some looks and then on the other for some
    looks (and for the dwell), and its way met the drawn piece of the line. With a zone, it must
    stand in it before or after.

    Raises:
        RuleError: The line is missing or cannot be used, or the direction is not known.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        if spec.line is None:
            raise RuleError("The rule 'line_crossing' needs a line. Draw it.")
        if spec.direction not in _COUNTED:
            raise RuleError(
                f"The direction {spec.direction!r} is not known. "
                f"Directions are {', '.join(_COUNTED)}."
            )
        self._line = DrawnLine(spec.line)
        self._counted = _COUNTED[spec.direction]
        self._labels = frozenset(spec.labels)
        self._dwell_s = spec.dwell_s
        self._zone = zone
        self._walks: dict[int, _Walk] = {}
        self._crossed = 0
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        mine = [t for t in scene.tracks if t.label in self._labels]
        walks = {t.id: self._walks.get(t.id) or _Walk() for t in mine}
        self._walks = walks
        crossed = [
            Sight.of(track, scene.now_s, track.usual_score)
            for track in mine
            if track.seen and self._crosses(track, walks[track.id], scene)
        ]
        if not self._episode.is_open:
            self._crossed = 0
        self._crossed += len(crossed)
        return self._episode.look(scene.now_s, crossed, crossed, count=self._crossed)

    def _crosses(self, track: Track, walk: _Walk, scene: Scene) -> bool:
        """Whether this look completes a crossing that counts."""
        at = foot(track.box, scene)
        away = self._away(track, at, scene)
        side = 0 if abs(away) < BAND else RIGHT if away > 0 else LEFT
        if not walk.side and abs(away) >= CLEAR:
            walk.side = side
        if side in {0, walk.side}:
            walk.next_looks = 0
            if side:
                walk.at = at
            return False
        if side != walk.next_side or not walk.next_looks:
            walk.next_side, walk.next_looks, walk.next_since_s = side, 0, scene.now_s
            walk.next_at = at
        walk.next_looks += 1
        if walk.next_looks < LOOKS or (
            walk.side and scene.now_s - walk.next_since_s < self._dwell_s
        ):
            return False
        before, known = walk.at, walk.side
        walk.side, walk.at, walk.next_looks = side, at, 0
        if not known or not track.proven or side not in self._counted:
            return False
        after = walk.next_at
        inside = self._zone.contains(before) or self._zone.contains(after)
        return inside and self._line.crossed_between(before, after)

    def _away(self, track: Track, at: Point, scene: Scene) -> float:
        """How far from the line, in sizes of the object; right is positive."""
        left, top, right, bottom = track.box
        size = max(1.0, math.sqrt((right - left) * (bottom - top)))
        return self._line.distance(at, width=scene.width, height=scene.height) / size
