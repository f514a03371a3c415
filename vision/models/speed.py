"""How long one look of a detector takes on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles

import numpy as np

from vision.detectors.detector import Detector
from vision.frames import Frame

WIDTH, HEIGHT = 640, 360
WARM_UP = 3
MOST_LOOKS = 200
LEAST_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds of one look at a picture of 640×360, everything included.

    Attributes:
        ms: Median.
        slow_ms: One look in ten takes longer.
        looks: How many were timed.
    """

    ms: float
    slow_ms: float
    looks: int

    @property
    def looks_per_s(self) -> float:
        return 1000 / max(self.ms, 0.001)


def measure(
    detector: Detector, *, seconds: float = 3.0, clock: Callable[[], float] = time.perf_counter
) -> Speed:
    """Time a detector on noise with four moving regions; the first looks warm up.

    Raises:
        ModelError: It fails while running.
    """
    noise = np.random.default_rng(7)
    frames = [
        Frame(noise.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), 0.0, 0.0) for _ in range(4)
    ]
    regions = [(140.0 * i, 60.0, 140.0 * i + 70.0, 200.0) for i in range(4)]
    for frame in frames[:WARM_UP]:
        detector.detect(frame, regions)
    times: list[float] = []
    deadline = clock() + seconds
    while len(times) < LEAST_LOOKS or (len(times) < MOST_LOOKS and clock() < deadline):
        begin = clock()
        detector.detect(frames[len(times) % len(frames)], regions)
        times.append((clock() - begin) * 1000)
    return Speed(median(times), quantiles(times, n=10)[-1], len(times))
