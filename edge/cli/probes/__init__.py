"""What the doctor looks at: one file and one line here each."""

from __future__ import annotations

from edge.cli.probes import (
    broker,
    cameras,
    clock,
    disk,
    model,
    packages,
    port,
    speakers,
    voice,
)
from edge.cli.probes.finding import Probe

PROBES: tuple[Probe, ...] = (
    packages.PROBE,
    disk.PROBE,
    clock.PROBE,
    port.PROBE,
    broker.PROBE,
    model.PROBE,
    cameras.PROBE,
    voice.PROBE,
    speakers.PROBE,
)
