"""What packets tell without being decoded: a camera's clock, and that a picture stands still."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fakes.rtsp import RtspCamera, encoded, write_units
from tests.fakes.videos import walking
from vision.gate import GateController, GatedDecoder, Places
from vision.health.fault import Evidence
from vision.health.frozen import Frozen
from vision.packets import PacketEvidence, PacketWatch
from vision.sources.rtsp import RtspSource


def fed(sizes: list[int], *, stuck_after: int | None = None) -> PacketWatch:
    """A camera at ten packets a second, a key frame every two."""
    watch = PacketWatch()
    for number, size in enumerate(sizes):
        at_s = number / 10
        sent_s = at_s if stuck_after is None else min(at_s, stuck_after / 10)
        watch.take(at_s, size, key=number % 20 == 0, sent_s=sent_s, wall_s=None)
    return watch


def test_packets_of_a_still_picture_become_small() -> None:
    """Beside what is usual for this camera; unknown before that was learnt."""
    assert fed([900] * 100).evidence() is None
    assert fed([900] * 600).evidence() == PacketEvidence(pytest.approx(1.0), stuck=False)
    frozen = fed([900] * 600 + [40] * 80).evidence()
    assert frozen is not None
    assert frozen.size < 0.2


def test_a_time_that_stands_still_is_noticed() -> None:
    """The packets come, their time does not move."""
    stuck = fed([900] * 100, stuck_after=50).evidence()
    assert stuck is not None
    assert stuck.stuck


def standing(packets: PacketEvidence | None, looks: int = 60) -> list[bool]:
    """What the fault suspects of a picture that lived for ten looks and then stands still."""
    fault, said = Frozen(), []
    for look in range(looks + 10):
        alive = look < 10
        evidence = Evidence(
            mono_s=look / 2,
            view=None,  # type: ignore[arg-type]
            usual=None,  # type: ignore[arg-type]
            steady=1.0,
            same_view=1.0,
            same_light=1.0,
            detail=1.0,
            contrast=1.0,
            sharpness=1.0,
            changed=0.5 if alive else 0.0,
            most_changed=20.0 if alive else 0.0,
            packets=packets,
        )
        said.append(fault.suspect(evidence) > 0)
    return said[10:]


def test_an_empty_scene_is_not_called_frozen_while_its_packets_are_as_usual() -> None:
    """Small packets or a time that stands agree with the pictures; usual ones do not."""
    assert sum(standing(None)) > 50
    assert sum(standing(PacketEvidence(0.1, stuck=False))) > 50
    assert sum(standing(PacketEvidence(1.0, stuck=True))) > 50
    assert sum(standing(PacketEvidence(1.0, stuck=False))) == 0
    assert any(standing(PacketEvidence(1.0, stuck=False), looks=200)), "a line filled on purpose"


def test_a_clock_is_known_only_when_the_camera_tells_it() -> None:
    """The middle of what it told lately; a new connection begins anew."""
    watch = PacketWatch(wall=lambda: 1000.0)
    assert watch.clock_offset_s is None
    for wall_s in (1090.0, 1091.0, 5000.0):
        watch.take(1.0, 100, key=False, sent_s=1.0, wall_s=wall_s)
    assert watch.clock_offset_s == 91
    watch.opened()
    assert watch.clock_offset_s is None


@pytest.mark.rtsp
def test_a_network_camera_tells_its_clock(tmp_path: Path, free_port: int) -> None:
    """By the sender reports beside its pictures; this one has the clock of this machine."""
    units = write_units(tmp_path / "units", encoded(walking(100), 10))
    watch = PacketWatch()
    gate = GatedDecoder(GateController(), Places(), watch)
    with RtspCamera(free_port, units) as camera, RtspSource(camera.url, gate=gate) as source:
        until_s = time.monotonic() + 20
        for _ in source:
            if watch.clock_offset_s is not None or time.monotonic() > until_s:
                break
    assert watch.clock_offset_s == pytest.approx(0, abs=20)
