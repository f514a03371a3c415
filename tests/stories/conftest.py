"""What the stories have in common: a real broker, and a township and a village around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.broker import Mosquitto, a_port
from tests.fakes.programs import Place
from vision.samples import sample_cameras


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto that is not yet started."""
    made = Mosquitto(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def place(tmp_path: Path, broker: Mosquitto) -> Iterator[Place]:
    made = Place(tmp_path, broker.port, hub_port=a_port(), township_port=a_port())
    yield made
    made.clean_up()


@pytest.fixture
def courtyard() -> dict[str, Any]:
    """A camera that sees somebody at the gate a few seconds after it was switched on."""
    spec = next(camera for camera in sample_cameras() if camera.id == "courtyard")
    return {
        "id": spec.id,
        "name": spec.name,
        "url": spec.url,
        "loop": spec.loop,
        "zone": [
            {"id": zone.id, "name": zone.name, "polygon": [list(corner) for corner in zone.polygon]}
            for zone in spec.zones
        ],
        "rule": [
            {
                "kind": rule.kind,
                "zone": rule.zone,
                "labels": list(rule.labels),
                "dwell_s": rule.dwell_s,
            }
            for rule in spec.rules
        ],
    }
