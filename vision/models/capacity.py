"""What this box can do, measured once and kept: how a model runs best here, and how fast.

Measured at the first start and again when the model, the processor or the run-time library is
another one. The scheduler shares out what was measured; the pages tell it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import onnxruntime as ort

from vision.detectors import open_detector
from vision.detectors.detector import Detector
from vision.detectors.session import read_model
from vision.errors import ModelError
from vision.scheduler_capacity import look_ms

MOST_KEPT = 16
"""Models remembered: a file that is written again and again must not grow."""

WORTH = 0.7
"""Two threads must do it in so much of the time that one needs: they are taken from others."""

FASTER = 0.85
"""The small numbers of an int8 variant are chosen if they save at least so much."""

WANTED_PER_S = 5.0
"""With fewer looks a second a network of open input size looks at smaller pictures."""

INT8 = ".int8.onnx"
SMALL = (192, 320)
"""(height, width) that is tried where the usual size of an open input is too slow."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Capacity:
    """How a model runs best on this box.

    Attributes:
        key: What was measured: contents of the models, processor, cores, run-time library.
        model: The file that is used: the one asked for, or its int8 variant.
        threads: Of one inference.
        size: (height, width) of an open input; None: the usual one.
        look_ms: Milliseconds of one look.
    """

    key: str
    model: str
    threads: int
    look_ms: float
    size: tuple[int, int] | None = None

    @property
    def looks_per_s(self) -> float:
        return 1000 / max(self.look_ms, 0.001)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        """Read one back.

        Raises:
            ValueError, KeyError, TypeError: It is not one.
        """
        size = raw["size"]
        height, width = size if size is not None else (0, 0)
        read = cls(
            str(raw["key"]),
            str(raw["model"]),
            int(raw["threads"]),
            float(raw["look_ms"]),
            (int(height), int(width)) if size is not None else None,
        )
        if not (read.threads > 0 and 0 < read.look_ms < float("inf")):
            raise ValueError("threads and look_ms must be positive")
        return read


def capacity_key(model: str, extra: Sequence[str], threads: int) -> str:
    """What a measurement is valid for.

    Raises:
        ModelError: A file cannot be read.
    """
    files = [path for name in (model, *extra) if name for path in _variants(name)]
    contents = [hashlib.sha256(read_model(Path(path))).hexdigest() for path in files]
    about = [_processor(), str(os.cpu_count()), ort.__version__, str(threads), model, *contents]
    return hashlib.sha256("\n".join(about).encode()).hexdigest()


def fitted_detector(
    model: str, extra: Sequence[str], threads: int, kept: Path | None
) -> tuple[Detector, Capacity]:
    """The detector as it runs best on this box, measured now or known from before.

    Args:
        model: Path of an ONNX file; empty: the built-in one.
        extra: Further models beside it.
        threads: Of one inference; 0: as measured best.
        kept: The file that remembers measurements; None: nothing is remembered.

    Raises:
        ModelError: A file is no usable detector.
    """
    key = capacity_key(model, extra, threads)
    known = _read(kept).get(key)
    if known is not None:
        return open_detector(known.model, known.threads, extra, known.size), known
    best: tuple[Detector, Capacity] | None = None
    for trial in _trials(Capacity(key, model, threads or 1, 0.0), choose=threads == 0):
        try:
            detector = open_detector(trial.model, trial.threads, extra, trial.size)
            measured = replace(trial, look_ms=round(look_ms(detector), 3))
        except ModelError:
            if best is None:
                raise
            # The file that was asked for works; what stands beside it need not.
            log.warning("variant_refused model=%s", trial.model, exc_info=True)
            continue
        if best is None or _better(measured, best[1]):
            best = detector, measured
    assert best is not None  # noqa: S101 - the first trial is the model itself
    detector, found = best
    if found.looks_per_s < WANTED_PER_S and getattr(detector, "free_size", False):
        detector = open_detector(found.model, found.threads, extra, SMALL)
        found = replace(found, size=SMALL, look_ms=round(look_ms(detector), 3))
    log.info(
        "capacity_measured model=%s threads=%d look_ms=%.2f looks_per_s=%.1f",
        *(Path(found.model).name or "built-in", found.threads, found.look_ms, found.looks_per_s),
    )
    _keep(kept, found)
    return detector, found


def forget(kept: Path) -> None:
    """Measure anew at the next occasion."""
    try:
        kept.unlink(missing_ok=True)
    except OSError as error:
        log.warning("capacity_not_forgotten reason=%s", error)


def _trials(first: Capacity, *, choose: bool) -> Iterator[Capacity]:
    files = _variants(first.model) if first.model else [""]
    for file in files:
        yield replace(first, model=file)
    if choose and (os.cpu_count() or 1) > 1:
        for file in files:
            yield replace(first, model=file, threads=2)


def _better(new: Capacity, old: Capacity) -> bool:
    limit = old.look_ms
    if new.threads > old.threads:
        limit *= WORTH
    if new.model != old.model:
        limit *= FASTER
    return new.look_ms < limit


def _variants(model: str) -> list[str]:
    """The file itself, and its int8 variant where there is one beside it."""
    small = Path(model).with_suffix(INT8)
    return [model, str(small)] if small.is_file() else [model]


def _processor() -> str:
    """Its name; the machine's kind where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.machine()
    told = ("model name", "hardware", "cpu part")
    named = [line for line in lines if line.lower().startswith(told)]
    return named[0] if named else platform.machine()


def _read(path: Path | None) -> dict[str, Capacity]:
    """What is remembered; nothing where the file is missing or makes no sense."""
    try:
        raw = json.loads(path.read_bytes()) if path is not None else []
        return {each.key: each for each in map(Capacity.from_json, raw)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("capacity_forgotten reason=%s", error)
        return {}


def _keep(path: Path | None, found: Capacity) -> None:
    """Remember it; a box that cannot write measures again at the next start."""
    if path is None:
        return
    others = [each for each in _read(path).values() if each.key != found.key]
    text = json.dumps([asdict(each) for each in [*others, found][-MOST_KEPT:]], indent=1)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(f"{text}\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        log.warning("capacity_not_kept reason=%s", error)
