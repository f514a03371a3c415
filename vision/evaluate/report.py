"""The figures of an evaluation as one JSON document; the same input gives the same document."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from vision.evaluate.boxes import Tally, added
from vision.evaluate.images import FolderScore
from vision.evaluate.score import ClipScore, EventScore, RuleScore
from vision.evaluate.watch import WATCH, Incident

Document = dict[str, Any]


def build_document(
    clips: Sequence[ClipScore],
    folders: Sequence[FolderScore],
    *,
    model: str,
    labels: Sequence[str],
    looks_per_s: float,
    notes: Sequence[str],
) -> Document:
    """Every figure, the most important ones at the top level; None where there is nothing to say.

    `event_recall` is over objects and camera faults, `frame_recall` over looks with an object
    present, `false_incidents_per_hour` over all clips, `time_to_incident_s` a median.
    """
    events = [event for clip in clips for event in clip.events]
    hours = sum(clip.seconds for clip in clips) / 3600
    false = [incident for clip in clips for incident in clip.false_incidents]
    return {
        **_events(events),
        "false_incidents": len(false),
        "false_incidents_per_hour": _rounded(len(false) / hours) if hours else None,
        "hours": round(hours, 5),
        "empty_looks": sum(clip.empty_looks for clip in clips),
        "false_looks": sum(clip.false_looks for clip in clips),
        "rules": _rules([rule for clip in clips for rule in clip.rules]),
        "frame_boxes": _boxes(added([clip.boxes for clip in clips])),
        "by_class": _by_class(events, false),
        "by_clip": [_clip(clip) for clip in clips],
        "images": [
            {"folder": f.folder, "pictures": f.pictures, "by_class": _boxes(f.boxes)}
            for f in folders
        ],
        "model": model,
        "labels": list(labels),
        "looks_per_s": looks_per_s,
        "notes": list(notes),
    }


def _events(events: Sequence[EventScore]) -> Document:
    found = sum(event.found for event in events)
    frames, hits = sum(event.frames for event in events), sum(event.hits for event in events)
    opened = [event.incident_s for event in events if event.incident_s is not None]
    sighted = [event.sighted_s for event in events if event.sighted_s is not None]
    return {
        "event_recall": _share(found, len(events)),
        "events": len(events),
        "events_found": found,
        "incident_recall": _share(len(opened), len(events)),
        "frame_recall": _share(hits, frames),
        "frames": frames,
        "time_to_sighting_s": _rounded(median(sighted)) if sighted else None,
        "time_to_incident_s": _rounded(median(opened)) if opened else None,
    }


def _by_class(events: Sequence[EventScore], false: Sequence[Incident]) -> Document:
    wrong = [_name(incident) for incident in false]
    names = sorted({event.event.name for event in events} | set(wrong))
    return {
        name: {
            **_events([event for event in events if event.event.name == name]),
            "false_incidents": wrong.count(name),
        }
        for name in names
    }


def _clip(clip: ClipScore) -> Document:
    return {
        "file": clip.name,
        "seconds": _rounded(clip.seconds),
        **_events(clip.events),
        "false_incidents": [
            {
                "kind": incident.kind,
                "class": _name(incident),
                "opened_s": _rounded(incident.opened_s),
                "closed_s": _rounded(incident.closed_s),
            }
            for incident in clip.false_incidents
        ],
        "empty_looks": clip.empty_looks,
        "false_looks": clip.false_looks,
        "rules": [_rule(rule) for rule in clip.rules],
        "frame_boxes": _boxes(clip.boxes),
        "event_list": [_event(event) for event in clip.events],
    }


def _event(score: EventScore) -> Document:
    return {
        "class": score.event.name,
        "start_s": _rounded(score.interval.start_s),
        "end_s": _rounded(score.interval.end_s),
        "found": score.found,
        "sighted_after_s": _rounded(score.sighted_s),
        "incident_after_s": _rounded(score.incident_s),
        "frame_recall": _share(score.hits, score.frames),
    }


def _rule(score: RuleScore) -> Document:
    judged = score.alarms
    return {
        "type": score.rule.kind,
        "judged": judged is not None,
        "expected": score.rule.count,
        "alarms": judged.raised if judged else None,
        "met": judged.met if judged else None,
        "false": judged.false if judged else None,
        "right": judged.right if judged else None,
    }


def _rules(rules: Sequence[RuleScore]) -> Document:
    judged = [rule.alarms for rule in rules if rule.alarms is not None]
    return {
        "rules": len(rules),
        "judged": len(judged),
        "right": sum(alarms.right for alarms in judged),
        "expected": sum(alarms.expected for alarms in judged),
        "met": sum(alarms.met for alarms in judged),
        "false": sum(alarms.false for alarms in judged),
    }


def _boxes(boxes: dict[str, Tally]) -> Document:
    return {
        label: {
            "objects": tally.wanted,
            "given": tally.given,
            "right": tally.right,
            "recall": _rounded(tally.recall),
            "precision": _rounded(tally.precision),
        }
        for label, tally in sorted(boxes.items())
    }


def _name(incident: Incident) -> str:
    """The class an incident is about: a label, or the camera's fault."""
    return incident.zone.removeprefix(WATCH) if incident.zone else incident.kind


def _share(part: int, whole: int) -> float | None:
    return _rounded(part / whole) if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 3)
