"""Something burns: the detector says so again and again, and it flickers as flames do."""

from __future__ import annotations

from collections import deque

from vision.flicker import FlickerMemory, Verdict
from vision.rules.episode import Episode, Sight
from vision.rules.evidence import Evidence
from vision.rules.rule import Finding, Scene, touches
from vision.settings import RuleSpec
from vision.tracking import Track
from vision.zones import Zone

WINDOW_S = 10.0
LIVELY_LOOKS, LIVELY_SHARE = 4, 0.6
"""So many looks must flicker, and they must be this part of those that could be judged."""

CONFIRMED = 3
"""So often in `WINDOW_S` must the detector have been sure."""

SLOW_S, SLOW_LOOKS, SLOW_SHARE = 8.0, 8, 0.6
"""What cannot be judged (too small, no colour at night) must be detected for longer."""


class Fire:
    """One incident while the detector keeps finding fire that lives.

    A lamp, a sunset or red clothes that a detector takes for fire are refused by their lack of
    flicker. Where flicker cannot be judged the detector alone is believed, but later: a missed
    fire is worse than a false one.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        self._labels = frozenset(spec.labels)
        self._dwell_s = spec.dwell_s
        self._inside = touches(zone)
        self._memory = FlickerMemory()
        self._evidence = Evidence(WINDOW_S + spec.dwell_s)
        self._episode = Episode(spec.clear_s)
        self._sure_s: deque[float] = deque(maxlen=CONFIRMED)

    def look(self, scene: Scene) -> list[Finding]:
        burning = [
            t for t in scene.tracks if t.seen and t.label in self._labels and self._inside(t, scene)
        ]
        self._remember(scene, awake=bool(burning) or self._evidence.since_s is not None)
        verdicts = [self._verdict(track, scene) for track in burning]
        self._evidence.add(scene.now_s, _strongest(verdicts))
        self._confirm(scene.now_s, sure=any(track.sure for track in burning))
        since_s = self._evidence.since_s
        if since_s is None:
            return self._episode.look(scene.now_s, (), ())
        sights = [Sight.of(track, since_s) for track in burning]
        ripe = sights if self._believed(scene.now_s - since_s) else []
        return self._episode.look(scene.now_s, sights, ripe)

    def _remember(self, scene: Scene, *, awake: bool) -> None:
        """Pictures cost; they are only kept while there is something to judge."""
        if scene.frame is not None and awake:
            self._memory.look(scene.frame)

    def _verdict(self, track: Track, scene: Scene) -> Verdict:
        if scene.frame is None:
            return Verdict.UNKNOWN
        lived = self._memory.judge(track.box, scene.frame)
        return Verdict.UNKNOWN if lived is None else lived.of_fire

    def _confirm(self, now_s: float, *, sure: bool) -> None:
        if sure:
            self._sure_s.append(now_s)
        while self._sure_s and now_s - self._sure_s[0] > WINDOW_S:
            self._sure_s.popleft()

    def _believed(self, lasted_s: float) -> bool:
        if len(self._sure_s) < CONFIRMED:
            return False
        lively = self._evidence.count(Verdict.LIVELY)
        judged = lively + self._evidence.count(Verdict.LIFELESS)
        unknown = self._evidence.count(Verdict.UNKNOWN)
        if lively >= LIVELY_LOOKS and lively >= LIVELY_SHARE * judged:
            return lasted_s >= self._dwell_s
        return (
            unknown >= max(SLOW_LOOKS, judged)
            and self._evidence.share >= SLOW_SHARE
            and lasted_s >= max(SLOW_S, self._dwell_s)
        )


def _strongest(verdicts: list[Verdict]) -> Verdict | None:
    """Of several fires in one look the liveliest counts."""
    order = (Verdict.LIVELY, Verdict.UNKNOWN, Verdict.LIFELESS)
    return next((verdict for verdict in order if verdict in verdicts), None)
