"""What one camera costs at each level of the gate, against a bare decode of the same stream."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import onnxruntime as ort

from vision.detectors.detector import Detector
from vision.gate import GateController, GatedDecoder, Level, Places
from vision.gate.controller import SETTLE_S
from vision.pipeline import Pipeline
from vision.reports import IncidentReport, Phase
from vision.settings import CameraSpec, RuleSpec, ZoneSpec
from vision.sources.file import FileSource
from vision.sources.pace import AsFastAsPossible

WHOLE = ZoneSpec("all", "all", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
SKIPPED_S = SETTLE_S + 2.0
"""At the beginning all is decoded; what is asked is what a camera costs day by day."""

LOOKS_PER_S = 5.0


@dataclass(slots=True)
class Incident:
    """From its opening to its closing, in seconds of the stream; open at the end: for ever."""

    key: str
    kind: str
    opened_s: float
    closed_s: float = math.inf


@dataclass(slots=True)
class Cost:
    """CPU of one camera, in milliseconds for each second of its stream.

    Attributes:
        cpu_ms: All of it.
        model_ms: Of that, inside the network.
        looks_per_s: Pictures analysed.
        incidents: All that were opened, also in the time not counted.
    """

    cpu_ms: float = 0.0
    model_ms: float = 0.0
    looks_per_s: float = 0.0
    incidents: list[Incident] = field(default_factory=list)

    def note(self, report: IncidentReport, at_s: float) -> None:
        """Keep when an incident opened and closed."""
        if report.phase is Phase.OPENED:
            self.incidents.append(Incident(report.key, report.kind, round(at_s, 2)))
        elif report.phase is Phase.CLOSED:
            for each in self.incidents:
                if each.key == report.key:
                    each.closed_s = round(at_s, 2)


LATE_S = 1.0
"""So much later than full decoding an incident may be found and still be the same."""


def lost(full: Cost, other: Cost) -> int:
    """How many incidents of `full` have none of their kind in `other` that overlaps them.

    One long incident may answer for several: a place that is busy all the time is one incident.
    """
    return sum(
        not any(
            given.kind == wanted.kind
            and given.opened_s <= min(wanted.closed_s, wanted.opened_s + LATE_S)
            and given.closed_s >= wanted.opened_s
            for given in other.incidents
        )
        for wanted in full.incidents
    )


def bare_decode_ms(stream: Path, seconds: float) -> float:
    """CPU milliseconds for each second of the stream: every frame, one thread, nothing else."""
    done_s, began = 0.0, time.process_time()
    while done_s < seconds:
        last_s = 0.0
        with av.open(str(stream)) as container:
            video = container.streams.video[0]
            video.codec_context.thread_count = 1
            for frame in container.decode(video):
                last_s = float(frame.time or 0.0)
        done_s += last_s
    return (time.process_time() - began) * 1000 / done_s


def camera_cost(
    stream: Path, detector: Detector, level: Level | None, seconds: float, *, gated: bool = True
) -> Cost:
    """CPU of the whole way from packets to incidents, at one level or as the gate decides.

    Args:
        stream: A file, played again and again.
        detector: May be used by others afterwards.
        level: Where the gate rests while nothing stirs; None: it decides itself.
        seconds: Of the stream, after the gate has settled.
        gated: False: everything is decoded, as without a gate.
    """
    camera = CameraSpec(
        "c", "c", str(stream), zones=(WHOLE,), rules=(RuleSpec("intrusion", "all"),)
    )
    pipeline = Pipeline(camera, detector, on_fault=lambda _: None)
    controller = GateController(LOOKS_PER_S, rest=level)
    gate = GatedDecoder(controller, Places()) if gated else None
    cost, due_s, looks, began = Cost(), 0.0, 0, None
    with (
        timed_models() as inside_ms,
        FileSource(stream, loop=True, pace=AsFastAsPossible(), gate=gate) as source,
    ):
        for picture in source:
            at_s = picture.media_s
            if began is None and at_s >= SKIPPED_S:
                began, begun_at_s, looks = time.process_time(), at_s, 0
                model_ms = inside_ms()
            if began is not None and at_s >= begun_at_s + seconds:
                break
            if at_s < due_s - 1e-6:
                continue
            due_s = max(due_s + 1 / LOOKS_PER_S, at_s + 0.5 / LOOKS_PER_S)
            looks += 1
            for report in pipeline.look(picture):
                cost.note(report, at_s)
            controller.looked(picture.mono_s, moved=pipeline.stirred, tracks=len(pipeline.tracks))
        assert began is not None  # noqa: S101 - the stream never ends
        spent_s = at_s - begun_at_s
        cost.cpu_ms = (time.process_time() - began) * 1000 / spent_s
        cost.model_ms = (inside_ms() - model_ms) / spent_s
    cost.looks_per_s = looks / spent_s
    return cost


@contextmanager
def timed_models() -> Iterator[Callable[[], float]]:
    """Gives the CPU milliseconds spent in `session.run` since it was entered."""
    inside_s = 0.0
    run = ort.InferenceSession.run

    def timed(*arguments: Any, **named: Any) -> Any:
        nonlocal inside_s
        began = time.process_time()
        try:
            return run(*arguments, **named)
        finally:
            inside_s += time.process_time() - began

    ort.InferenceSession.run = timed
    try:
        yield lambda: inside_s * 1000
    finally:
        ort.InferenceSession.run = run
