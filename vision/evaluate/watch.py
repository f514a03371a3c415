"""Play a recording to the box's own pipeline, as fast as possible, and note what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vision.boxes import Box
from vision.detections import LABELS, Detections
from vision.detectors.detector import Detector
from vision.errors import EvaluationError, SourceError
from vision.evaluate.truth import CheckedFrame, ClipTruth, WantedRule
from vision.frames import Frame, Picture
from vision.pipeline import Pipeline
from vision.reports import IncidentReport, Phase
from vision.rules import RULES
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.sources.file import FileSource
from vision.sources.pace import AsFastAsPossible

WATCH, RULE = "watch-", "rule-"
"""Zones of our own: each label in the whole picture, and each rule of the truth file."""

NEAR_S = 0.02
"""A picture this much before a checked moment is the picture of that moment."""

MEANS: Mapping[str, tuple[str, ...]] = {
    "intrusion": ("person", "vehicle"),
    "loitering": ("person",),
    "person_down": ("person",),
    "obstruction": ("vehicle",),
    "forbidden_vehicle": ("vehicle",),
    **{label: (label,) for label in LABELS},
}
"""Kinds of rules that need nothing but a zone and a time, and the labels each watches."""

STAYING = frozenset({"intrusion", "loitering", *LABELS})
"""What the rule `intrusion` can stand in for where no rule of that name exists: being somewhere."""

_WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Look:
    """What the tracker had at one look: the labels of proven objects seen in it."""

    at_s: float
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Incident:
    """What the rules, or the camera's health, said.

    Attributes:
        zone: `watch-<label>`, `rule-<number>`, or empty for the camera's health.
        closed_s: None: still open at the end.
    """

    kind: str
    zone: str
    label: str
    opened_s: float
    closed_s: float | None


@dataclass(frozen=True, slots=True)
class CheckedLook:
    """What the detector gave for a checked frame, and the size of that picture."""

    frame: CheckedFrame
    found: Detections
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ClipLog:
    """A whole recording, watched."""

    seconds: float
    looks: tuple[Look, ...]
    incidents: tuple[Incident, ...]
    checked: tuple[CheckedLook, ...]


class _Overheard:
    """A detector that remembers its latest answer."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.latest: Detections | None = None

    @property
    def name(self) -> str:
        return self._detector.name

    @property
    def labels(self) -> tuple[str, ...]:
        return self._detector.labels

    @property
    def threshold(self) -> float:
        return self._detector.threshold

    @property
    def needs_regions(self) -> bool:
        return self._detector.needs_regions

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        self.latest = self._detector.detect(frame, regions)
        return self.latest


def watch(
    path: Path,
    truth: ClipTruth,
    detector: Detector,
    *,
    looks_per_s: float,
    on_fault: Callable[[str], None],
) -> ClipLog:
    """Watch one recording.

    Args:
        path: The recording.
        truth: Tells which rules to set up and which frames to look at closely.
        detector: What recognises objects.
        looks_per_s: As the setting of a camera.
        on_fault: Told in a sentence about every rule that cannot be used.

    Raises:
        EvaluationError: It cannot be read.
        ModelError: The model failed.
    """
    watching = _Watching(path, truth, detector, looks_per_s, on_fault)
    try:
        with FileSource(path, pace=AsFastAsPossible()) as source:
            for picture in source:
                watching.take(picture)
    except SourceError as error:
        raise EvaluationError(
            f"The clip {path} cannot be read ({error}). Check that it is a whole video file."
        ) from error
    return watching.log()


class _Watching:
    """One recording on its way through the pipeline."""

    def __init__(
        self,
        path: Path,
        truth: ClipTruth,
        detector: Detector,
        looks_per_s: float,
        on_fault: Callable[[str], None],
    ) -> None:
        self._path = path
        self._truth = truth
        self._detector = _Overheard(detector)
        self._every_s = 1 / looks_per_s
        self._on_fault = on_fault
        self._pipeline: Pipeline | None = None
        self._due_s = self._end_s = 0.0
        self._waiting = list(truth.frames)
        self._looks: list[Look] = []
        self._checked: list[CheckedLook] = []
        self._incidents: dict[str, Incident] = {}

    def take(self, picture: Picture) -> None:
        at_s = self._end_s = picture.media_s
        checked = []
        while self._waiting and at_s >= self._waiting[0].at_s - NEAR_S:
            checked.append(self._waiting.pop(0))
        if not checked and at_s < self._due_s - 1e-6:
            return
        if at_s >= self._due_s - 1e-6:
            self._due_s = max(self._due_s + self._every_s, at_s)
        image = picture.decode()
        found = self._look(replace(picture, decode=lambda: image))
        for frame in checked:
            given = self._given(Frame(image, picture.mono_s, at_s), found)
            self._checked.append(CheckedLook(frame, given, picture.width, picture.height))

    def log(self) -> ClipLog:
        return ClipLog(
            self._end_s,
            tuple(self._looks),
            tuple(self._incidents.values()),
            tuple(self._checked),
        )

    def _look(self, picture: Picture) -> Detections | None:
        if self._pipeline is None:
            spec = _camera(self._path, self._truth.rules, self._detector.labels, picture)
            self._pipeline = Pipeline(spec, self._detector, on_fault=self._on_fault)
        self._detector.latest = None
        for report in self._pipeline.look(picture):
            self._note(report, picture.media_s)
        tracks = self._pipeline.tracks
        labels = frozenset(track.label for track in tracks if track.seen and track.proven)
        self._looks.append(Look(picture.media_s, labels))
        return self._detector.latest

    def _note(self, report: IncidentReport, at_s: float) -> None:
        known = self._incidents.get(report.key)
        if known is None:
            known = Incident(report.kind, report.zone, report.label, at_s, None)
        closed = report.phase is Phase.CLOSED
        self._incidents[report.key] = replace(known, closed_s=at_s) if closed else known

    def _given(self, frame: Frame, found: Detections | None) -> Detections:
        """What the model says about a frame, also where the pipeline did not ask it."""
        if found is None and not self._detector.needs_regions:
            found = self._detector.detect(frame, ())
        if found is None:
            return Detections.none()
        return found.where(np.asarray(found.scores >= self._detector.threshold, bool))


def _camera(
    path: Path, rules: Sequence[WantedRule], labels: Sequence[str], picture: Picture
) -> CameraSpec:
    """The camera that would watch for every label everywhere, and for the rules of the truth."""
    zones = [ZoneSpec(f"{WATCH}{label}", label, _WHOLE) for label in labels]
    specs = [RuleSpec(_kind(label), f"{WATCH}{label}", (label,)) for label in labels]
    for number, rule in enumerate(rules):
        if not can_judge(rule):
            continue
        corners = tuple((x / picture.width, y / picture.height) for x, y in rule.zone) or _WHOLE
        inside = tuple((min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in corners)
        zones.append(ZoneSpec(f"{RULE}{number}", rule.kind, inside))
        spec = RuleSpec(_kind(rule.kind), f"{RULE}{number}", MEANS[rule.kind])
        specs.append(spec if rule.dwell_s is None else replace(spec, dwell_s=rule.dwell_s))
    return CameraSpec("clip", path.name, str(path), zones=tuple(zones), rules=tuple(specs))


def can_judge(rule: WantedRule) -> bool:
    """Whether there is a rule of that kind, or one to stand in for it, that needs only a zone."""
    return rule.kind in MEANS and (rule.kind in RULES or rule.kind in STAYING)


def _kind(wanted: str) -> str:
    return wanted if wanted in RULES else "intrusion"
