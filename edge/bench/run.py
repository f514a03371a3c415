"""Measure one thing after the other and print a table; nothing else runs meanwhile."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from edge.bench import house, sight
from edge.bench.figures import Figure
from edge.bench.report import written
from edge.words import Language, Words
from vision.samples import sample_cameras


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What a person may ask of the benchmark.

    Attributes:
        seconds: How long the whole house runs for the latencies.
    """

    videos: tuple[str, ...] = ()
    model: Path | None = None
    json: str = ""
    seconds: float = 20.0
    language: Language = "zh"


def run_bench(options: BenchOptions, *, out: TextIO | None = None) -> int:
    """Measure and print; returns 0 if no budget is broken, else 1."""
    people = sys.stderr if options.json == "-" else (out or sys.stdout)
    words = Words.load("edge.bench", options.language)
    clip = Path(options.videos[0]) if options.videos else Path(sample_cameras()[0].url)
    steps: list[Callable[[], list[Figure]]] = [
        lambda: [sight.decode_over_bare(clip)],
        lambda: [sight.detector_over_bare(options.model, clip)],
        lambda: [house.cold_start()],
        lambda: [house.idle_memory()],
        lambda: house.latencies(
            seconds=options.seconds, model=options.model, videos=options.videos
        ),
    ]
    figures: list[Figure] = []
    people.write(words("machine", cpu=platform.machine(), python=platform.python_version()) + "\n")
    for number, step in enumerate(steps, 1):
        people.write(words("step", number=number, steps=len(steps)) + "\n")
        people.flush()
        for figure in step():
            figures.append(figure)
            people.write(figure.line(words) + "\n")
    written(figures, options.json)
    return 1 if any(figure.kept is False for figure in figures) else 0
