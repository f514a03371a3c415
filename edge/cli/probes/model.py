"""Whether the detector loads, and how fast it looks on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge.cli.probes.finding import Finding, Probe, Subject
from edge.settings.schema import HubSettings

if TYPE_CHECKING:
    from vision.detectors import Detector

LOOKS = 12
LOOKS_LIMIT_S = 4.0
WIDTH, HEIGHT = 640, 360


def look(subject: Subject) -> Iterator[Finding]:
    from edge.cameras import extra_models  # noqa: PLC0415 - a console has no vision
    from vision.detectors import open_detector  # noqa: PLC0415 - loads the run-time library
    from vision.errors import ModelError  # noqa: PLC0415

    settings = subject.settings
    if not isinstance(settings, HubSettings):
        return
    path = str(settings.vision.model or "")
    try:
        detector = open_detector(path, settings.vision.threads, extra_models(settings))
        ms = _milliseconds_per_look(detector)
    except ModelError as error:
        yield subject.bad("model", "model_bad", reason=str(error))
        return
    wanted = sum(camera.looks_per_s for camera in settings.camera if camera.enabled)
    yield subject.good(
        "model",
        "model_good",
        name=detector.name,
        ms_per_look=round(ms, 1),
        looks_per_s=round(1000 / max(ms, 0.01) * settings.vision.workers),
        wanted_per_s=round(wanted),
    )


def _milliseconds_per_look(detector: Detector) -> float:
    """Median over some pictures of noise with four moving regions; the first one warms up."""
    import numpy as np  # noqa: PLC0415 - a console has none

    from vision.frames import Frame  # noqa: PLC0415

    noise = np.random.default_rng(7)
    regions = [(80.0 * i, 60.0, 80.0 * i + 70.0, 200.0) for i in range(4)]
    times: list[float] = []
    deadline = time.perf_counter() + LOOKS_LIMIT_S
    while len(times) < LOOKS + 1 and (len(times) < 2 or time.perf_counter() < deadline):
        image = noise.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        frame = Frame(image, float(len(times)), float(len(times)))
        begin = time.perf_counter()
        detector.detect(frame, regions)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times[1:])


PROBE = Probe("model", look, hub_only=True)
