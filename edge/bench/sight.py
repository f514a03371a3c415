"""What seeing costs: our source against a bare decode, our detector against a bare inference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np
import onnxruntime as ort

from edge.bench.figures import Figure
from vision.boxes import Box
from vision.detectors import open_detector
from vision.detectors.detector import Detector
from vision.errors import VisionError
from vision.frames import Frame
from vision.motion import MotionModel
from vision.sources.file import FileSource
from vision.sources.pace import AsFastAsPossible

ROUNDS = 5
LOOKS = 200


def decode_over_bare(video: Path, *, rounds: int = ROUNDS) -> Figure:
    """CPU of reading a clip through our source, as a ratio to a bare PyAV decode of the same clip.

    Both decode every frame to a BGR array on one thread; rounds alternate, the median is taken.
    """
    ours, bare = [], []
    for _ in range(rounds):
        bare.append(_cpu_s(lambda: _exhaust(_bare_frames(video))))
        ours.append(_cpu_s(lambda: _exhaust(_our_frames(video))))
    return Figure(
        "decode_over_bare",
        round(median(ours) / median(bare), 3),
        "×",
        bare=f"PyAV decode to BGR of {video.name}, {median(bare):.2f} CPU-s",
    )


def detector_over_bare(model: Path | None, video: Path) -> Figure:
    """Time of our detector on frames of a clip, as a ratio to the raw `session.run` inside it."""
    try:
        detector = open_detector(str(model or ""), threads=1)
    except VisionError as error:
        return Figure("detector_over_bare", None, "×", note=str(error))
    looks = list(_looks(detector, video))
    if not looks:
        return Figure("detector_over_bare", None, "×", note="nothing moves in the clip")
    for frame, regions in looks[:5]:
        detector.detect(frame, regions)
    whole_s, inside_s = _time_looks(detector, looks)
    per_look_ms = whole_s / len(looks) * 1000
    return Figure(
        "detector_over_bare",
        round(whole_s / inside_s, 3),
        "×",
        bare=f"session.run of {detector.name}, {per_look_ms:.2f} ms a look in all",
        budget=1.10,
    )


def _time_looks(
    detector: Detector, looks: list[tuple[Frame, tuple[Box, ...]]]
) -> tuple[float, float]:
    """Seconds of all looks, and of the `session.run` calls within them."""
    inside = 0.0
    run = ort.InferenceSession.run

    def timed(*arguments: Any, **named: Any) -> Any:
        nonlocal inside
        began = time.perf_counter()
        try:
            return run(*arguments, **named)
        finally:
            inside += time.perf_counter() - began

    ort.InferenceSession.run = timed
    try:
        began = time.perf_counter()
        for frame, regions in looks:
            detector.detect(frame, regions)
        whole = time.perf_counter() - began
    finally:
        ort.InferenceSession.run = run
    return whole, inside


def _looks(detector: Detector, video: Path) -> Iterator[tuple[Frame, tuple[Box, ...]]]:
    motion = MotionModel()
    found = 0
    with FileSource(video, pace=AsFastAsPossible()) as source:
        for picture in source:
            image = picture.decode()
            frame = Frame(image, picture.mono_s, picture.media_s)
            regions = tuple(motion.look(frame).regions)
            if regions or not detector.needs_regions:
                found += 1
                yield frame, regions
            if found >= LOOKS:
                return


def _bare_frames(video: Path) -> Iterator[object]:
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for frame in container.decode(stream):
            yield frame.to_ndarray(format="bgr24")


def _our_frames(video: Path) -> Iterator[object]:
    with FileSource(video, pace=AsFastAsPossible()) as source:
        for picture in source:
            yield picture.decode()


def _exhaust(frames: Iterable[object]) -> None:
    for frame in frames:
        np.asarray(frame)


def _cpu_s(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
