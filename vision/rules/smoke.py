"""Smoke, also of burning straw: the detector says so for long, and it slowly changes its shape."""

from __future__ import annotations

from vision.flicker import FlickerMemory, Verdict
from vision.rules.episode import Episode, Sight
from vision.rules.evidence import Evidence
from vision.rules.rule import Finding, Scene, touches
from vision.settings import RuleSpec
from vision.tracking import Track
from vision.zones import Zone

SPAN_S = 10.0
"""Smoke is judged over this time: it changes slowly."""

CHANGE = 0.8
"""Grey levels between two pictures a third of a second apart; a wall or a stain does less."""

LEAST_LOOKS, SHARE = 5, 0.5


class Smoke:
    """One incident while the detector finds smoke in most looks and it is not a still picture.

    Fog, steam and dust look alike: experimental until it was tried on footage of villages.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        self._labels = frozenset(spec.labels)
        self._dwell_s = spec.dwell_s
        self._inside = touches(zone)
        self._memory = FlickerMemory(SPAN_S)
        self._evidence = Evidence(max(SPAN_S, spec.dwell_s) + SPAN_S)
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        rising = [
            t for t in scene.tracks if t.seen and t.label in self._labels and self._inside(t, scene)
        ]
        if scene.frame is not None and (rising or self._evidence.since_s is not None):
            self._memory.look(scene.frame)
        verdicts = {self._verdict(track, scene) for track in rising}
        order = (Verdict.LIVELY, Verdict.UNKNOWN, Verdict.LIFELESS)
        self._evidence.add(scene.now_s, next((v for v in order if v in verdicts), None))
        since_s = self._evidence.since_s
        if since_s is None:
            return self._episode.look(scene.now_s, (), ())
        sights = [Sight.of(track, since_s) for track in rising]
        ripe = sights if self._believed(scene.now_s - since_s) else []
        return self._episode.look(scene.now_s, sights, ripe)

    def _verdict(self, track: Track, scene: Scene) -> Verdict:
        lived = self._memory.judge(track.box, scene.frame) if scene.frame is not None else None
        if lived is None:
            return Verdict.UNKNOWN
        return Verdict.LIVELY if lived.change >= CHANGE else Verdict.LIFELESS

    def _believed(self, lasted_s: float) -> bool:
        alive = self._evidence.count(Verdict.LIVELY, Verdict.UNKNOWN)
        return (
            alive >= LEAST_LOOKS
            and alive > self._evidence.count(Verdict.LIFELESS)
            and self._evidence.share >= SHARE
            and lasted_s >= self._dwell_s
        )
