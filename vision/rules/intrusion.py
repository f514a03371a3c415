"""A person or vehicle stays in a drawn zone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from vision.boxes import Box
from vision.reports import Phase
from vision.rules.rule import Finding, Scene
from vision.settings import RuleSpec
from vision.tracking import Track
from vision.zones import Zone

LOOKS, ENOUGH = 5, 3
"""An object must have been inside in this many of the latest looks at it."""

UPDATE_EVERY_S = 3.0
BETTER_SCORE, BETTER_SIZE = 0.05, 1.5


@dataclass(slots=True)
class _Visit:
    """One object's stay in the zone."""

    since_s: float
    best_score: float = 0.0
    looks: deque[bool] = field(default_factory=lambda: deque(maxlen=LOOKS))

    @property
    def convincing(self) -> bool:
        return sum(self.looks) >= ENOUGH


@dataclass(slots=True)
class _Open:
    """The incident while the zone is occupied."""

    number: int
    label: str
    score: float
    since_s: float
    first_s: float
    occupied_s: float
    told_s: float
    box: Box
    told_score: float
    told_size: float
    told_count: int


class Intrusion:
    """One incident while the zone is occupied, however many come and go meanwhile."""

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        self._labels = frozenset(spec.labels)
        self._dwell_s = spec.dwell_s
        self._clear_s = spec.clear_s
        self._zone = zone
        self._visits: dict[int, _Visit] = {}
        self._open: _Open | None = None
        self._count = 0

    def look(self, scene: Scene) -> list[Finding]:
        inside = self._inside(scene)
        if self._open is None:
            return self._opened(scene, inside)
        if inside:
            return self._updated(scene, inside, self._open)
        if scene.now_s - self._open.occupied_s >= self._clear_s:
            return [self._closed(self._open)]
        return []

    def _inside(self, scene: Scene) -> list[Track]:
        """The objects that count and stand inside in this look."""
        mine = [t for t in scene.tracks if t.proven and t.label in self._labels]
        inside = [t for t in mine if t.seen and self._zone.contains(_foot(t.box, scene))]
        names = {t.id for t in inside}
        for track in mine:
            visit = self._visits.get(track.id)
            if visit is None and track.id in names:
                visit = self._visits[track.id] = _Visit(scene.now_s)
            if visit is None:
                continue
            visit.looks.append(track.id in names)
            visit.best_score = max(visit.best_score, track.score)
            if not any(visit.looks):
                del self._visits[track.id]
        alive = {t.id for t in mine}
        self._visits = {name: visit for name, visit in self._visits.items() if name in alive}
        return inside

    def _opened(self, scene: Scene, inside: list[Track]) -> list[Finding]:
        stayed = [
            track
            for track in inside
            if self._visits[track.id].convincing
            and scene.now_s - self._visits[track.id].since_s >= self._dwell_s
        ]
        if not stayed:
            return []
        best = max(stayed, key=lambda track: track.score)
        self._count += 1
        self._open = _Open(
            number=self._count,
            label=best.label,
            score=self._visits[best.id].best_score,
            since_s=self._visits[best.id].since_s,
            first_s=best.first_s,
            occupied_s=scene.now_s,
            told_s=scene.now_s,
            box=best.box,
            told_score=best.score,
            told_size=_size(best.box),
            told_count=len(inside),
        )
        return [self._finding(Phase.OPENED, self._open, scene.now_s, len(inside))]

    def _updated(self, scene: Scene, inside: list[Track], known: _Open) -> list[Finding]:
        known.occupied_s = scene.now_s
        best = max(inside, key=lambda track: track.score)
        known.score = max(known.score, best.score)
        better_score = best.score >= known.told_score + BETTER_SCORE
        better_size = (
            _size(best.box) >= known.told_size * BETTER_SIZE
            and best.score >= known.told_score - BETTER_SCORE
        )
        more = len(inside) > known.told_count
        if scene.now_s - known.told_s < UPDATE_EVERY_S or not (better_score or better_size or more):
            return []
        known.label, known.box = best.label, best.box
        known.told_s, known.told_score = scene.now_s, max(known.told_score, best.score)
        known.told_size = max(known.told_size, _size(best.box))
        known.told_count = max(known.told_count, len(inside))
        return [self._finding(Phase.UPDATED, known, scene.now_s, len(inside))]

    def _closed(self, known: _Open) -> Finding:
        self._open = None
        return self._finding(Phase.CLOSED, known, known.occupied_s, known.told_count, picture=False)

    @staticmethod
    def _finding(
        phase: Phase, known: _Open, until_s: float, count: int, *, picture: bool = True
    ) -> Finding:
        return Finding(
            number=known.number,
            phase=phase,
            label=known.label,
            score=known.score,
            count=count,
            dwell_s=until_s - known.since_s,
            box=known.box,
            first_s=known.first_s,
            picture=picture,
        )


def _foot(box: Box, scene: Scene) -> tuple[float, float]:
    """Where the object touches the ground, in fractions; a hair inside a box cut by the edge."""
    left, _, right, bottom = box
    return (left + right) / 2 / scene.width, min(bottom / scene.height, 1 - 1e-6)


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
