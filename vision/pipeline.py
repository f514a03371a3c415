"""From one camera's pictures to its incidents, without threads, clocks or input of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vision.blobs import parted
from vision.boxes import Box, Boxes, areas, overlaps, to_array
from vision.detections import Detections
from vision.detectors.detector import Detector
from vision.errors import ModelError, RuleError, VisionError
from vision.evidence import draw_evidence
from vision.flames import FlameWatch, gathered, parts
from vision.frames import Frame, Picture
from vision.health import HealthStep
from vision.importance import Importance
from vision.masks import Mask
from vision.motion import MotionModel, Movement
from vision.packets import PacketEvidence
from vision.reports import IncidentReport, Phase
from vision.restless import Restlessness
from vision.rules import KINDS, Finding, Rule, Scene, build_rule
from vision.settings import CameraSpec, RuleSpec
from vision.sight import Sight
from vision.stillness import Stillness
from vision.tracking import Track, Tracker
from vision.tuner import Tuner
from vision.tuning import Tuning
from vision.zones import Zone

LOOK_ANYWAY_S = 2.0
"""Even where nothing moves, a network that reads whole frames looks this often."""

SAME_REGION = 0.5
LEFT, WITHIN = 0.25, 0.8
"""Shares of a box: so much in common means something, so much means nearly all of it."""

CLOSING_S = 30.0
"""So long after the last movement an open incident is looked at as closely as before."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Watched:
    """A rule at work."""

    number: int
    spec: RuleSpec
    rule: Rule
    zone: Zone


class Pipeline:
    """Mask, motion, detector, tracker, rules of one camera.

    Args:
        camera: What to watch.
        detector: May be shared between cameras, one look at a time.
        jpeg_quality: Of the evidence, 1..100.
        on_fault: Told once, in a sentence, about every rule that cannot be used or breaks; the
            others go on.
        packets: Gives what the stream's packets say; None where nobody listens to them.
    """

    def __init__(
        self,
        camera: CameraSpec,
        detector: Detector,
        *,
        jpeg_quality: int = 80,
        on_fault: Callable[[str], None],
        packets: Callable[[], PacketEvidence | None] = lambda: None,
    ) -> None:
        self._camera = camera
        self._detector = detector
        self._threshold = camera.score or detector.threshold
        self._quality = jpeg_quality
        self._on_fault = on_fault
        self._mask = Mask(camera.privacy_masks)
        self._motion = MotionModel()
        self._tracker = Tracker()
        self._stillness = Stillness()
        self._flames = FlameWatch() if "fire" in detector.labels else None
        self._importance = _importance(camera, on_fault)
        self.urgency = 0
        """Priority of the zones in which something moves or is followed, to be added."""
        self._restless = Restlessness()
        self._tuner = Tuner(camera.tuning)
        self.sight = Sight(camera.id)
        self._rules = self._build_rules()
        self._health = (
            HealthStep(camera, jpeg_quality=jpeg_quality, on_fault=on_fault, packets=packets)
            if camera.health
            else None
        )
        self._detected_s = float("-inf")
        self.detected = 0
        self.stirred = False
        """The latest look saw movement, or something that more looks would soon settle."""
        self._open: set[str] = set()
        self._busy_s = float("-inf")

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The objects being followed since the latest look."""
        return self._tracker.tracks

    def look(self, picture: Picture) -> list[IncidentReport]:
        """Analyse one picture; times of successive pictures must not run backwards.

        Raises:
            ModelError: The detector failed.
        """
        frame = self._mask.reveal(picture)
        held = [track.box for track in self._tracker.tracks]
        movement = self._motion.look(frame, held)
        self._restless.look(movement, frame)
        movement = replace(movement, regions=self._importance.ordered(movement.regions, frame))
        calling = replace(movement, regions=self._tuner.stirring(movement.regions, frame))
        if not self._worth_detecting(movement, calling, held, frame.mono_s):
            found = None
        else:
            found = self._detect(frame, movement)
        if found is not None or self._tracker.tracks:
            self._stillness.look(frame)
            self._tracker.look(
                found or Detections.none(),
                self._threshold,
                frame.mono_s,
                moving=movement.regions,
                still=self._stillness.at,
                size=(frame.width, frame.height),
            )
        scene = Scene(frame.mono_s, frame.width, frame.height, self._tracker.tracks, frame)
        followed = [track.box for track in self._tracker.tracks]
        self.urgency = self._importance.most((*calling.regions, *followed), frame)
        self._tuner.follow(self._tracker.tracks)
        self.sight.look(frame, self._tracker.tracks, movement.regions, self._restless)
        about_camera = self._health.look(frame) if self._health is not None else []
        judged = [r for watched in self._rules for r in self._judge(watched, scene, frame)]
        self.stirred = self._stirred(calling, judged, frame.mono_s)
        return [*about_camera, *judged]

    def _stirred(self, movement: Movement, judged: list[IncidentReport], now_s: float) -> bool:
        """Whether more looks would soon tell something."""
        for report in judged:
            (self._open.discard if report.phase is Phase.CLOSED else self._open.add)(report.key)
        if movement or self._tracker.tracks:
            self._busy_s = now_s
        # An incident closes only by looks that see it over; one that never ends is not waited for.
        closing = bool(self._open) and now_s - self._busy_s < CLOSING_S
        undecided = self._health is not None and self._health.undecided
        return bool(movement) or undecided or closing

    def _build_rules(self) -> list[_Watched]:
        built = []
        for number, spec in enumerate(self._camera.rules):
            try:
                rule, zone = build_rule(spec, self._camera)
            except RuleError as error:
                self._on_fault(str(error))
                continue
            kind = KINDS.get(spec.kind)
            looks_itself = kind is not None and kind.own_label
            if not looks_itself and not set(spec.labels) & set(self._detector.labels):
                self._on_fault(
                    f"The rule {spec.kind!r} of camera {self._camera.name!r} waits for "
                    f"{', '.join(spec.labels)}, which the model {self._detector.name} never finds. "
                    "Choose another model or other labels."
                )
            built.append(_Watched(number, spec, rule, zone))
        return built

    def tune(self, tuning: Tuning) -> None:
        """Care less about some things from the next look on; may be called from any thread.

        Raises:
            RuleError: A piece is not drawable; nothing changed.
        """
        self._tuner.tune(tuning)

    def _worth_detecting(
        self, movement: Movement, calling: Movement, held: list[Box], now_s: float
    ) -> bool:
        if self._detector.needs_regions and not movement.regions:
            return bool(held)
        # What moves where it is ignored is looked at as seldom as what does not move.
        return bool(calling or held) or now_s - self._detected_s >= LOOK_ANYWAY_S

    def _detect(self, frame: Frame, movement: Movement) -> Detections:
        """Look closely at possible flames first, then at what moves and at what is followed."""
        self._detected_s = frame.mono_s
        self.detected += 1
        burning = self._flames.look(frame) if self._flames and movement.regions else []
        # Flames that do not flicker are none, and what only ever stirred has to stir again.
        others = [track for track in self._tracker.tracks if track.label != "fire"]
        followed = [track.box for track in others if track.arrived]
        meeting = [t for t in others if t.proven and (t.arrived or t.label == "vehicle")]
        stirring = parted(movement.regions, [t.expected(frame.mono_s) for t in meeting])
        still = _apart(followed, movement.regions)
        places = (*burning, *parts(burning), *stirring, *still)
        found = self._detector.detect(frame, places).sound()
        return gathered(found, burning)

    def _judge(self, watched: _Watched, scene: Scene, frame: Frame) -> list[IncidentReport]:
        try:
            findings = watched.rule.look(self._tuner.scene_for(watched.spec.kind, scene))
        except ModelError:
            raise
        except Exception:
            # One broken rule must not blind the camera; it is named, reported and left out.
            log.exception("rule_failed camera=%s kind=%s", self._camera.id, watched.spec.kind)
            self._rules = [other for other in self._rules if other is not watched]
            self._on_fault(
                f"The rule {watched.spec.kind!r} of camera {self._camera.name!r} broke and is "
                "switched off until the camera is started again. Please report it."
            )
            return []
        return [self._report(watched, finding, frame) for finding in findings]

    def _report(self, watched: _Watched, finding: Finding, frame: Frame) -> IncidentReport:
        left, top, right, bottom = finding.box
        jpeg = b""
        if finding.picture:
            jpeg = self._evidence(finding, frame)
        return IncidentReport(
            key=f"{self._camera.id}.{watched.number}.{finding.number}",
            phase=finding.phase,
            camera=self._camera.id,
            kind=watched.spec.kind,
            zone=watched.zone.id,
            zone_name=watched.zone.name,
            label=finding.label,
            score=round(finding.score, 4),
            count=finding.count,
            dwell_s=round(finding.dwell_s, 3),
            box=(
                left / frame.width,
                top / frame.height,
                right / frame.width,
                bottom / frame.height,
            ),
            frame_mono_s=frame.mono_s,
            first_mono_s=finding.first_s,
            jpeg=jpeg,
            rule=watched.spec.id,
        )

    def _evidence(self, finding: Finding, frame: Frame) -> bytes:
        text = f"{finding.label} {finding.score:.2f} {self._camera.id}"
        try:
            return draw_evidence(frame, finding.box, text, self._quality)
        except VisionError:
            # The incident counts more than its picture.
            log.exception("evidence_failed camera=%s", self._camera.id)
            return b""


def _importance(camera: CameraSpec, on_fault: Callable[[str], None]) -> Importance:
    try:
        return Importance(camera.zones)
    except RuleError as error:
        on_fault(str(error))
        return Importance(())


def _apart(held: list[Box], regions: tuple[Box, ...]) -> list[Box]:
    """The followed objects that no moving region already shows.

    A region that reaches into an object and out of it is the object on its way; one that lies
    within it is its arm, one around it is a group.
    """
    if not held or not regions:
        return held
    own, others = to_array(held), to_array(regions)
    corner = np.maximum(own[:, None, :2], others[None, :, :2])
    opposite = np.minimum(own[:, None, 2:], others[None, :, 2:])
    common = np.clip(opposite - corner, 0, None).prod(axis=2)
    of_own, of_other = common / _sizes(own)[:, None], common / _sizes(others)[None, :]
    left = (of_own > LEFT) & (of_own < WITHIN) & (of_other < WITHIN)
    shown = (overlaps(own, others) > SAME_REGION) | left
    return [box for box, known in zip(held, shown.any(axis=1), strict=True) if not known]


def _sizes(boxes: Boxes) -> NDArray[np.float32]:
    return np.maximum(areas(boxes), np.float32(1e-6))
