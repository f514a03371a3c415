"""Read what a person has established about recordings: `groundtruth.json`.

Top level `{"clips": […]}`; a clip is `{"file", "tolerance_s", "events", "suggested_rules",
"frame_boxes", "empty"}`. An event is an object (`class`, `enter`, `leave`), a fault of the camera
(`class` `camera_tamper`, `kind`, `start`, `end`) or somebody's entering a zone (`zone_enter`, `t`,
`zone`); an end of null lasts to the end. Other keys are for people.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.detectors.labels import KNOWN
from vision.errors import EvaluationError
from vision.evaluate.intervals import Interval

LABELS = {**KNOWN, "veh": "vehicle"}
"""Class names in truth files to the hub's labels."""

FAULTS = {
    "cover": "camera_covered",
    "covered": "camera_covered",
    "move": "camera_moved",
    "moved": "camera_moved",
    "defocus": "camera_defocused",
    "defocused": "camera_defocused",
    "freeze": "camera_frozen",
    "frozen": "camera_frozen",
    "dark": "camera_dark",
    "glare": "camera_glare",
}
"""Kinds of camera tamper in truth files to the kinds of incident."""

ENTERS_WITHIN_S = 10.0
"""So long after somebody entered a zone the alarm is still about it."""

BORDERLINE = 0.05
"""A stay this near to a rule's time, in shares of it, may raise an alarm or not."""

_SPAN = re.compile(r"\(\s*(\d+(?:\.\d+)?)\s*[-–]\s*(\d+(?:\.\d+)?)\s*\)")

Pixels = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is there for a while.

    Attributes:
        name: A label of the hub, or a kind of camera fault.
        end_s: Infinite where it lasts to the end.
    """

    name: str
    start_s: float
    end_s: float

    @property
    def about_camera(self) -> bool:
        return self.name.startswith("camera_")

    def until(self, end_s: float) -> Interval:
        """The interval in a recording of this length."""
        return Interval(self.start_s, min(self.end_s, end_s))


@dataclass(frozen=True, slots=True)
class WantedRule:
    """A rule to set up and the alarms it should raise.

    Attributes:
        zone: Corners in pixels of the recording; empty: the whole picture.
        dwell_s: How long somebody must stay; None: as the rule likes.
        expected: One alarm in each; None: only their number is known.
        count: How many alarms.
        allowed: Alarms in these may come or not.
    """

    kind: str
    zone: Pixels
    dwell_s: float | None
    expected: tuple[Interval, ...] | None
    count: int
    allowed: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedFrame:
    """One picture with every object in it.

    Attributes:
        width, height: Of the picture the boxes were drawn on; 0: that of the recording.
        objects: Label and (left, top, right, bottom) in pixels.
        ignore: Regions that count neither for nor against.
    """

    at_s: float
    width: int
    height: int
    objects: tuple[tuple[str, tuple[float, ...]], ...]
    ignore: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """Everything known about one recording.

    Attributes:
        name: File name without folders.
        objects_known: Whether every object in it is listed, so that others are false.
        not_judged: Class names that the hub has no word for.
    """

    name: str
    tolerance_s: float = 0.5
    events: tuple[Event, ...] = ()
    rules: tuple[WantedRule, ...] = ()
    frames: tuple[CheckedFrame, ...] = ()
    objects_known: bool = True
    not_judged: tuple[str, ...] = ()


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Corners = Annotated[list[tuple[float, float]], Field(min_length=3)]
BoxRow = Annotated[list[float], Field(min_length=4, max_length=4)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class _Event(_Row):
    name: str = Field(alias="class")
    kind: str = ""
    enter: Seconds | None = None
    leave: Seconds | None = None
    start: Seconds | None = None
    end: Seconds | None = None
    t: Seconds | None = None
    zone: Corners | None = None


class _Rule(_Row):
    type: str
    zone: Corners | None = None
    seconds: Seconds | None = None
    expect_alarms: Annotated[int, Field(ge=0)] | None = None
    expect: str | list[tuple[Seconds, Seconds]] | None = None


class _Object(_Row):
    cls: str
    box: BoxRow


class _Frame(_Row):
    t: Seconds
    size: tuple[int, int] = (0, 0)
    objects: list[_Object] = []
    ignore: list[BoxRow] = []


class _Clip(_Row):
    file: str
    tolerance_s: Seconds = 0.5
    events: list[_Event] = []
    suggested_rules: list[_Rule] = []
    frame_boxes: list[_Frame] = []
    empty: list[Any] = []


class _Document(_Row):
    clips: list[_Clip]


@dataclass(slots=True)
class _Sorted:
    """The events of a clip by what they are."""

    events: list[Event] = field(default_factory=list)
    rules: list[WantedRule] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)


def read_truth(path: Path) -> dict[str, ClipTruth]:
    """The clips of a truth file by file name.

    Raises:
        EvaluationError: The file cannot be read, is not JSON, or has another form.
    """
    try:
        document = _Document.model_validate_json(path.read_bytes())
    except OSError as error:
        raise EvaluationError(
            f"The truth file {path} cannot be read ({error.strerror}). Check the path."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        about = f"{where}: {first['msg']}" if where else first["msg"]
        raise EvaluationError(
            f"The truth file {path} cannot be used ({about}). It must be JSON of the form "
            '{"clips": [{"file": "yard.mp4", "events": [{"class": "person", "enter": 1.0, '
            '"leave": 9.5}]}]}.'
        ) from error
    clips = [_clip(row) for row in document.clips]
    return {clip.name: clip for clip in clips}


def _clip(row: _Clip) -> ClipTruth:
    name = Path(row.file).name
    sorted_ = _Sorted()
    for event in row.events:
        _sort(event, sorted_, name)
    objects = [event for event in sorted_.events if not event.about_camera]
    rules = [_rule(rule, objects) for rule in row.suggested_rules]
    frames = [_frame(frame, sorted_) for frame in row.frame_boxes]
    return ClipTruth(
        name=name,
        tolerance_s=row.tolerance_s,
        events=tuple(sorted_.events),
        rules=(*rules, *sorted_.rules),
        frames=tuple(sorted(frames, key=lambda frame: frame.at_s)),
        # A clip made to show a camera fault says nothing about who walks through it.
        objects_known=bool(objects or row.empty or not row.events),
        not_judged=tuple(dict.fromkeys(sorted_.not_judged)),
    )


def _sort(row: _Event, into: _Sorted, clip: str) -> None:
    start_s = next((t for t in (row.enter, row.start, row.t) if t is not None), None)
    end_s = next((t for t in (row.leave, row.end) if t is not None), math.inf)
    if start_s is None or end_s < start_s:
        raise EvaluationError(
            f"The event {row.name!r} of {clip} has no beginning, or ends before it. Give it "
            "`enter` and `leave`, or `start` and `end`, in seconds."
        )
    fault = FAULTS.get(row.kind.lower(), row.kind)
    if row.name == "zone_enter" and row.zone:
        within = Interval(start_s, start_s + ENTERS_WITHIN_S)
        into.rules.append(WantedRule("intrusion", tuple(row.zone), None, (within,), 1))
    elif row.name.startswith("camera") and fault in FAULTS.values():
        into.events.append(Event(fault, start_s, end_s))
    elif label := LABELS.get(row.name.strip().lower()):
        into.events.append(Event(label, start_s, end_s))
    elif not row.name.startswith("none"):
        into.not_judged.append(row.name)


def _rule(row: _Rule, objects: list[Event]) -> WantedRule:
    if isinstance(row.expect, list):
        expected: tuple[Interval, ...] | None = tuple(Interval(*span) for span in row.expect)
    elif row.expect:
        spans = _SPAN.findall(row.expect)
        expected = tuple(Interval(float(start), float(end)) for start, end in spans)
    elif row.expect_alarms is not None and row.expect_alarms == len(objects):
        # As many alarms as objects: one for each.
        expected = tuple(Interval(event.start_s, event.end_s) for event in objects)
    else:
        expected = None
    allowed: tuple[Interval, ...] = ()
    if row.seconds:
        allowed = tuple(
            Interval(event.start_s, event.end_s)
            for event in objects
            if abs(event.end_s - event.start_s - row.seconds) <= BORDERLINE * row.seconds
        )
    count = len(expected) if expected is not None else row.expect_alarms or 0
    return WantedRule(row.type, tuple(row.zone or ()), row.seconds, expected, count, allowed)


def _frame(row: _Frame, into: _Sorted) -> CheckedFrame:
    objects = []
    for thing in row.objects:
        label = LABELS.get(thing.cls.strip().lower())
        if label is None:
            into.not_judged.append(thing.cls)
        else:
            objects.append((label, tuple(thing.box)))
    ignore = tuple(tuple(box) for box in row.ignore)
    return CheckedFrame(row.t, *row.size, tuple(objects), ignore)
