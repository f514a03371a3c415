"""Shows a camera's rules only what people did not tell the box to ignore."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vision.boxes import Box
from vision.frames import Frame
from vision.rules.rule import Scene, foot
from vision.settings import ZoneSpec
from vision.tracking import Track
from vision.tuning import FLOOR_KINDS, Tuning
from vision.zones import Zone

FLOOR_LABELS = frozenset({"fire", "smoke"})


class Tuner:
    """Applies a camera's tuning to what its rules are shown.

    Args:
        tuning: May be replaced at any moment, from another thread, by `tune`.

    Raises:
        RuleError: A piece is not drawable.
    """

    def __init__(self, tuning: Tuning) -> None:
        self._best: dict[int, float] = {}
        self.tune(tuning)

    def tune(self, tuning: Tuning) -> None:
        """Apply another tuning from the next look on.

        Raises:
            RuleError: A piece is not drawable; the old tuning stays.
        """
        zones = tuple((one.kind, Zone(ZoneSpec("", "", one.polygon))) for one in tuning.ignored)
        self._now = (dict(tuning.scores), zones)

    def follow(self, tracks: Iterable[Track]) -> None:
        """Remember each object's best score; as many as are being followed."""
        self._best = {t.id: max(t.score, self._best.get(t.id, 0.0)) for t in tracks}

    def scene_for(self, kind: str, scene: Scene) -> Scene:
        """The scene without what does not count for this kind."""
        scores, zones = self._now
        if kind in FLOOR_KINDS or not (scores or zones):
            return scene
        least = scores.get(kind, 0.0)
        pieces = [zone for name, zone in zones if name in {"", kind}]
        tracks = tuple(
            track
            for track in scene.tracks
            if track.label in FLOOR_LABELS
            or (
                self._best.get(track.id, track.score) >= least
                and not any(zone.contains(_middle(track.box, scene)) for zone in pieces)
            )
        )
        return replace(scene, tracks=tracks, ignored=tuple(zone.polygon for zone in pieces))

    def stirring(self, regions: tuple[Box, ...], frame: Frame) -> tuple[Box, ...]:
        """The moving regions that call for looks: not those in pieces ignored for everything."""
        pieces = [zone for name, zone in self._now[1] if not name]
        if not pieces:
            return regions
        return tuple(
            box for box in regions if not any(zone.contains(_centre(box, frame)) for zone in pieces)
        )


def _centre(box: Box, frame: Frame) -> tuple[float, float]:
    return (box[0] + box[2]) / 2 / frame.width, (box[1] + box[3]) / 2 / frame.height


def _middle(box: Box, scene: Scene) -> tuple[float, float]:
    """Half way between its middle and its feet."""
    x, low = foot(box, scene)
    return x, (low + (box[1] + box[3]) / 2 / scene.height) / 2
