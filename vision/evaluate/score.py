"""Set what was seen in a recording beside what was there: pure arithmetic over intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vision.detections import Detections
from vision.evaluate.boxes import Tally, added, scaled, tally
from vision.evaluate.intervals import (
    Alarms,
    Interval,
    compare_alarms,
    count_alarms,
    first_sighting,
)
from vision.evaluate.truth import ClipTruth, Event, WantedRule
from vision.evaluate.watch import RULE, WATCH, CheckedLook, ClipLog, Incident, Look, can_judge

EDGE_S = 0.4
"""Looks this near to an object's coming or going are not scored: half of it is outside."""

KIN = {
    "person": frozenset({"two-wheeler"}),
    "two-wheeler": frozenset({"person", "vehicle"}),
    "vehicle": frozenset({"two-wheeler"}),
    "smoke": frozenset({"fire"}),
}
"""Labels that are no false incident beside another: a rider is a person and a two-wheeler."""


@dataclass(frozen=True, slots=True)
class EventScore:
    """One event of the truth.

    Attributes:
        sighted_s: Seconds from its beginning until the tracker was sure; None: never. Of a
            camera's fault: until its incident.
        incident_s: Seconds from its beginning until an incident was open; None: none.
        frames, hits: Looks well inside it, and those of them in which its label was seen;
            0 of a camera's fault.
    """

    event: Event
    interval: Interval
    sighted_s: float | None
    incident_s: float | None
    frames: int
    hits: int

    @property
    def found(self) -> bool:
        return self.sighted_s is not None


@dataclass(frozen=True, slots=True)
class RuleScore:
    """A rule of the truth file; `alarms` is None where no such rule exists."""

    rule: WantedRule
    alarms: Alarms | None


@dataclass(frozen=True, slots=True)
class ClipScore:
    """One recording.

    Attributes:
        false_incidents: Incidents for which nothing was there.
        empty_looks, false_looks: Looks at which none of the known labels was there, and those of
            them at which some object was seen all the same.
    """

    name: str
    seconds: float
    events: tuple[EventScore, ...]
    false_incidents: tuple[Incident, ...]
    rules: tuple[RuleScore, ...]
    boxes: dict[str, Tally]
    empty_looks: int
    false_looks: int


def score_clip(truth: ClipTruth, log: ClipLog, *, box_labels: Sequence[str]) -> ClipScore:
    """Score one recording.

    Args:
        truth: What was there.
        log: What was seen.
        box_labels: Labels that are counted in checked frames.
    """
    events = tuple(_score_event(event, truth, log) for event in truth.events)
    empty = [look for look in log.looks if _is_empty(look, truth)]
    return ClipScore(
        name=truth.name,
        seconds=log.seconds,
        events=events,
        false_incidents=tuple(i for i in log.incidents if _is_false(i, truth, log.seconds)),
        rules=tuple(_score_rule(n, rule, truth, log) for n, rule in enumerate(truth.rules)),
        boxes=added([_score_boxes(look, box_labels) for look in log.checked]),
        empty_looks=len(empty),
        false_looks=sum(bool(look.labels) for look in empty),
    )


def _score_event(event: Event, truth: ClipTruth, log: ClipLog) -> EventScore:
    interval, slack_s = event.until(log.seconds), truth.tolerance_s
    during = [
        (_interval(incident, log.seconds), incident)
        for incident in log.incidents
        if event.name == (incident.kind if event.about_camera else _watched(incident))
    ]
    opened = [
        max(0.0, span.start_s - interval.start_s)
        for span, _ in during
        if span.meets(interval, slack_s=slack_s)
        and (not event.about_camera or span.start_s >= interval.start_s - slack_s)
    ]
    incident_s = min(opened, default=None)
    if event.about_camera:
        return EventScore(event, interval, incident_s, incident_s, 0, 0)
    near = [look for look in log.looks if interval.holds(look.at_s, grown_s=slack_s)]
    sighted_at = first_sighting((look.at_s, event.name in look.labels) for look in near)
    edge_s = max(EDGE_S, slack_s)
    inside = [look for look in near if interval.holds(look.at_s, grown_s=-edge_s)]
    return EventScore(
        event=event,
        interval=interval,
        sighted_s=None if sighted_at is None else max(0.0, sighted_at - interval.start_s),
        incident_s=incident_s,
        frames=len(inside),
        hits=sum(event.name in look.labels for look in inside),
    )


def _is_false(incident: Incident, truth: ClipTruth, end_s: float) -> bool:
    """Nothing of its kind was there; alarms of the truth's own rules are scored elsewhere."""
    span = _interval(incident, end_s)
    if not incident.zone:
        return not any(
            event.name == incident.kind
            and span.meets(event.until(end_s), slack_s=truth.tolerance_s)
            and span.start_s >= event.start_s - truth.tolerance_s
            for event in truth.events
        )
    label = _watched(incident)
    if label is None or not truth.objects_known:
        return False
    names = {label} | KIN.get(label, frozenset())
    return not any(
        event.name in names and span.meets(event.until(end_s), slack_s=truth.tolerance_s)
        for event in truth.events
    )


def _is_empty(look: Look, truth: ClipTruth) -> bool:
    edge_s = max(EDGE_S, truth.tolerance_s)
    return truth.objects_known and not any(
        Interval(event.start_s, event.end_s).holds(look.at_s, grown_s=edge_s)
        for event in truth.events
        if not event.about_camera
    )


def _score_rule(number: int, rule: WantedRule, truth: ClipTruth, log: ClipLog) -> RuleScore:
    if not can_judge(rule):
        return RuleScore(rule, None)
    alarms = [i.opened_s for i in log.incidents if i.zone == f"{RULE}{number}"]
    if rule.expected is None:
        return RuleScore(rule, count_alarms(alarms, rule.count))
    slack_s = truth.tolerance_s
    compared = compare_alarms(alarms, rule.expected, allowed=rule.allowed, slack_s=slack_s)
    return RuleScore(rule, compared)


def _score_boxes(look: CheckedLook, labels: Sequence[str]) -> dict[str, Tally]:
    frame = look.frame
    across = look.width / frame.width if frame.width else 1.0
    down = look.height / frame.height if frame.height else 1.0
    boxes = scaled([box for _, box in frame.objects], across, down)
    wanted = Detections(boxes, boxes[:, 0] * 0 + 1, tuple(label for label, _ in frame.objects))
    return tally(look.found, wanted, scaled(frame.ignore, across, down), labels=labels)


def _watched(incident: Incident) -> str | None:
    """The label of an incident of ours that watches the whole picture."""
    return incident.zone.removeprefix(WATCH) if incident.zone.startswith(WATCH) else None


def _interval(incident: Incident, end_s: float) -> Interval:
    return Interval(incident.opened_s, end_s if incident.closed_s is None else incident.closed_s)
