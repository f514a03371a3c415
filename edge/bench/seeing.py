"""`village-hub bench vision`: what a camera costs, what the gate saves, and who waits for whom."""

from __future__ import annotations

import math
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import cv2

from edge.bench import sight
from edge.bench.crowd import Crowd, Outcome, measure
from edge.bench.figures import Figure
from edge.bench.gates import Cost, bare_decode_ms, camera_cost, lost
from edge.bench.report import written
from edge.bench.rival import Rival, fetch_motion, motion_cost
from edge.bench.streams import CODINGS, SIZES, Kind, make
from edge.words import Language, Words
from vision.detectors import open_detector
from vision.gate import Level
from vision.samples import sample_cameras

CROWDS = (8, 16, 32)
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class SeeingOptions:
    """What a person may ask.

    Attributes:
        quick: Only what a test needs: one kind of stream, a few seconds.
        compare: `motion`: run Debian's programme of that name on the same streams, too.
    """

    videos: tuple[str, ...] = ()
    model: Path | None = None
    json: str = ""
    quick: bool = False
    compare: str = ""
    language: Language = "zh"


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of stream.

    Attributes:
        bare_ms: CPU milliseconds of a bare decode, for each second of the stream.
        cpu_ms: The same of the whole way from packets to incidents, by the level at rest.
        over_bare: The ratio of both.
        incidents: Found with each level at rest.
        lost: Of those that decoding everything finds, how many have no counterpart.
        model_ms: Decided by the gate: inside the network, for each second.
        over_needed: Decided by the gate: CPU over bare decode plus the model's own time.
        motion: Debian's programme on the same stream; None: not asked or not there.
    """

    stream: str
    bare_ms: float
    cpu_ms: dict[str, float]
    over_bare: dict[str, float]
    incidents: dict[str, int]
    lost: dict[str, int]
    model_ms: float
    over_needed: float
    motion: Rival | None = None


def run_seeing(options: SeeingOptions, *, out: TextIO | None = None) -> int:
    """Measure and print; returns 0 if no budget is broken, else 1."""
    people = sys.stderr if options.json == "-" else (out or sys.stdout)
    words = Words.load("edge.bench", options.language)
    clip = Path(options.videos[0]) if options.videos else Path(sample_cameras()[0].url)
    people.write(words("machine", cpu=platform.machine(), python=platform.python_version()) + "\n")
    cv2.setNumThreads(1)
    if options.compare and (missing := fetch_motion()):
        people.write(words(missing) + "\n")
        options = replace(options, compare="")
    with tempfile.TemporaryDirectory(prefix="village-hub-bench-") as folder:
        streams = []
        for measured in _streams(options, clip, Path(folder)):
            streams.append(measured)
            people.write(words("stream", **_told(measured)) + "\n")
            if measured.motion is not None:
                people.write(words(_winner(measured), **_beside(measured)) + "\n")
            people.flush()
        crowds: dict[int, Outcome] = {}
        for count in (2 * 2,) if options.quick else CROWDS:
            crowds[count] = _crowd(count, options, Path(folder))
            people.write(words("crowd", count=count, **asdict(crowds[count])) + "\n")
            people.flush()
    figures = [*_figures(streams, crowds), *_detectors(options, clip), _motion(streams, words)]
    for figure in figures:
        people.write(figure.line(words) + "\n")
    extra: dict[str, Any] = {
        "streams": [asdict(each) for each in streams],
        "crowds": [{"cameras": count, **asdict(each)} for count, each in crowds.items()],
    }
    written(figures, options.json, extra)
    return 1 if any(figure.kept is False for figure in figures) else 0


def _streams(options: SeeingOptions, clip: Path, folder: Path) -> Iterator[Measured]:
    sizes = ["360p"] if options.quick else list(SIZES)
    codings = ["h264"] if options.quick else list(CODINGS)
    for kind in (Kind(s, c, busy) for s in sizes for c in codings for busy in (False, True)):
        small = kind.size == "360p"
        seconds = 8.0 if options.quick else 24.0 if small else 12.0
        yield _measured(kind, make(kind, clip, folder), options, seconds)


def _measured(kind: Kind, stream: Path, options: SeeingOptions, seconds: float) -> Measured:
    detector = open_detector(str(options.model or ""), 1)
    ways: dict[str, Callable[[], Cost]] = {
        ("auto" if level is None else level.name.lower()): partial(
            camera_cost, stream, detector, level, seconds
        )
        for level in (None, *Level)
    }
    ways["ungated"] = partial(camera_cost, stream, detector, None, seconds, gated=False)
    bare: list[float] = []
    costs: dict[str, Cost] = {}
    rival: Rival | None = None
    # In turn, and of each the least: whatever else runs on the machine only adds.
    for _ in range(1 if options.quick else ROUNDS):
        for name, way in ways.items():
            bare.append(bare_decode_ms(stream, seconds / len(ways)))
            cost = way()
            if name not in costs or cost.cpu_ms < costs[name].cpu_ms:
                costs[name] = cost
        if options.compare and rival is None:
            rival = motion_cost(stream, seconds)
    auto, bare_ms = costs["auto"], min(bare)
    return Measured(
        stream=kind.name,
        bare_ms=round(bare_ms, 2),
        cpu_ms={name: round(cost.cpu_ms, 2) for name, cost in costs.items()},
        over_bare={name: round(cost.cpu_ms / bare_ms, 3) for name, cost in costs.items()},
        incidents={name: len(cost.incidents) for name, cost in costs.items()},
        lost={name: lost(costs["ungated"], cost) for name, cost in costs.items()},
        model_ms=round(auto.model_ms, 2),
        over_needed=round(auto.cpu_ms / (bare_ms + auto.model_ms), 3),
        motion=rival,
    )


def _crowd(count: int, options: SeeingOptions, folder: Path) -> Outcome:
    return measure(
        Crowd(
            count,
            str(folder / f"{Kind('360p', 'h264', busy=False).name}.mp4"),
            str(folder / f"{Kind('360p', 'h264', busy=True).name}.mp4"),
            str(options.model or ""),
            3.0 if options.quick else 8.0,
        )
    )


def _figures(streams: list[Measured], crowds: dict[int, Outcome]) -> Iterator[Figure]:
    small = [each for each in streams if each.stream.startswith("360p")]
    calm = max(
        (each for each in small if each.stream.endswith("calm")),
        key=lambda each: each.over_bare["auto"],
    )
    busy = max(
        (each for each in small if each.stream.endswith("busy")), key=lambda each: each.over_needed
    )
    missed = sum(sum(each.lost.values()) for each in streams)
    about = f"{calm.bare_ms:g} ms CPU for a second of {calm.stream}"
    yield Figure(
        "calm_camera_over_bare_decode", calm.over_bare["auto"], "×", bare=about, budget=0.5
    )
    about = f"{busy.bare_ms:g} ms CPU for a second of {busy.stream}, and the model's own time"
    yield Figure("active_camera_over_bare", busy.over_needed, "×", bare=about, budget=1.3)
    yield Figure("incidents_lost_by_gate", missed, "", budget=0)
    most = max(crowds)
    whole = crowds[most]
    note = f"{most} cameras"
    yield Figure("crowd_memory", whole.memory_mb, "MB", budget=1024, note=note)
    yield Figure("crowd_cores", whole.cpu, "", note=note)
    yield Figure("crowd_look_p95", whole.look_p95_ms, "ms", note=note)
    slow, fast = min(whole.busy_looks_per_s), max(whole.busy_looks_per_s)
    yield Figure("crowd_fairness", round(slow / max(fast, 1e-6), 3), "", note=note)
    yield Figure("crowd_calm_every", whole.calm_every_s, "s", budget=5.0, note=note)


def _detectors(options: SeeingOptions, clip: Path) -> Iterator[Figure]:
    """The least of some: what runs beside only adds to what is outside the inference."""
    tries = [sight.detector_over_bare(options.model, clip) for _ in range(ROUNDS)]
    yield min(tries, key=lambda figure: math.inf if figure.value is None else figure.value)


def _motion(streams: list[Measured], words: Words) -> Figure:
    """Debian's `motion` beside us, on a calm small stream."""
    for each in streams:
        if each.motion is not None:
            ratio = round(each.motion.cpu_ms / each.bare_ms, 3)
            return Figure("motion_over_bare_decode", ratio, "×", note=each.stream)
    return Figure("motion_over_bare_decode", None, "×", note=words("not_compared"))


def _winner(measured: Measured) -> str:
    ours = measured.cpu_ms["auto"]
    theirs = measured.motion.cpu_ms if measured.motion is not None else math.inf
    return "beside_motion_less" if ours <= theirs else "beside_motion_more"


def _beside(measured: Measured) -> dict[str, str]:
    theirs = measured.motion or Rival(0.0, 0)
    return {
        "stream": measured.stream,
        "ours": f"{measured.cpu_ms['auto']:g}",
        "theirs": f"{theirs.cpu_ms:g}",
        "found": str(measured.incidents["auto"]),
        "events": str(theirs.events),
    }


def _told(measured: Measured) -> dict[str, str]:
    ratios = ", ".join(f"{name} {ratio:g}" for name, ratio in measured.over_bare.items())
    found = ", ".join(f"{name} {count}" for name, count in measured.incidents.items())
    return {
        "stream": measured.stream,
        "bare": f"{measured.bare_ms:g}",
        "ratios": ratios,
        "found": found,
    }
