"""For how long each object has been doing something, judged by most of the looks at it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from vision.rules.episode import Sight
from vision.rules.rule import Scene
from vision.tracking import Track

LOOKS, ENOUGH = 5, 3
"""An object must have done it in this many of the latest looks at it."""


@dataclass(slots=True)
class Visit:
    """One object that does it."""

    track: Track
    since_s: float
    best_score: float = 0.0
    looks: deque[bool] = field(default_factory=lambda: deque(maxlen=LOOKS))
    enough: int = ENOUGH

    @property
    def convincing(self) -> bool:
        return sum(self.looks) >= self.enough

    def sight(self) -> Sight:
        return Sight.of(self.track, self.since_s, self.best_score)


class Visits:
    """The objects with certain labels that do something, for example stand in a zone.

    Bounded by the tracker: only objects that are being followed are remembered.

    Args:
        labels: The labels that count.
        does: Whether an object does it in a look; only asked about objects that are present.
        enough: In how many of the latest `LOOKS` it must have been seen doing it.
        arrived: Whether it must have come from elsewhere; what it does may prove that already.
    """

    def __init__(
        self,
        labels: Collection[str],
        does: Callable[[Track, Scene], bool],
        *,
        enough: int = ENOUGH,
        arrived: bool = True,
    ) -> None:
        self._labels = frozenset(labels)
        self._does = does
        self._enough = enough
        self._arrived = arrived
        self._visits: dict[int, Visit] = {}

    def look(self, scene: Scene) -> list[Visit]:
        """Those that do it in this look, also when it is their first.

        What never came from anywhere is no visitor, however long it moves its leaves; once it is
        known to have arrived, the time before counts, too.
        """
        mine = [t for t in scene.tracks if t.proven and t.label in self._labels]
        doing = {t.id for t in mine if t.present and self._does(t, scene)}
        for track in mine:
            self._note(track, doing=track.id in doing, now_s=scene.now_s)
        alive = {t.id for t in mine}
        self._visits = {
            name: visit
            for name, visit in self._visits.items()
            if name in alive and any(visit.looks)
        }
        return [
            visit
            for name, visit in self._visits.items()
            if name in doing and (visit.track.arrived or not self._arrived)
        ]

    def _note(self, track: Track, *, doing: bool, now_s: float) -> None:
        visit = self._visits.get(track.id)
        if visit is None:
            if not doing:
                return
            visit = self._visits[track.id] = Visit(track, now_s, enough=self._enough)
        visit.track = track
        visit.looks.append(doing)
        visit.best_score = max(visit.best_score, track.score)
