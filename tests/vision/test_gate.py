"""The gate: cheap where all is calm, wide open at once where it is not, and never shut."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.gate.controller import (
    CALM_AFTER_S,
    CALM_LOOK_S,
    FLOOR_S,
    SETTLE_S,
    GateController,
    Order,
)
from vision.gate.level import Level
from vision.gate.ring import PacketRing
from vision.gate.trust import NEEDED, Trust

FPS = 10
STEP_S = 1 / FPS


@dataclass
class Camera:
    """An encoder in front of a gate, and a pipeline behind it that sees what is decoded."""

    gate: GateController
    gop: int = 20
    now_s: float = 1000.0
    number: int = 0
    looked_s: list[float] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)

    def tick(self, size: int, *, moved: bool = False, tracks: int = 0) -> Order:
        """One packet; looked at if the gate lets it through."""
        key = self.number % self.gop == 0
        order = self.gate.packet(self.now_s, 20_000 if key else size, key=key)
        if order.look or order.level >= Level.NONREF:
            self.looked_s.append(self.now_s)
            self.gate.handed()
            self.gate.looked(self.now_s, moved=moved, tracks=tracks)
        self.levels.append(order.level)
        self.now_s += STEP_S
        self.number += 1
        return order

    def run(self, seconds: float, size: int, *, moved: bool = False) -> None:
        for _ in range(round(seconds * FPS)):
            self.tick(size, moved=moved)

    def calm(self, seconds: float) -> None:
        """A still scene: small packets of slightly different sizes."""
        rng = np.random.default_rng(self.number)
        for size in rng.integers(280, 320, round(seconds * FPS)):
            self.tick(int(size))


def calm_camera(gop: int = 20) -> Camera:
    camera = Camera(GateController(), gop)
    camera.calm(20)
    return camera


def taught_camera(gop: int = 20) -> Camera:
    """Motion always came with larger packets."""
    camera = calm_camera(gop)
    for _ in range(NEEDED):
        camera.run(3, 3000, moved=True)
        camera.calm(15)
    return camera


def test_at_the_beginning_everything_is_decoded() -> None:
    """The background has to be learnt before anything may be left out."""
    camera = Camera(GateController())
    camera.run(SETTLE_S - 0.5, 300)
    assert set(camera.levels) <= {Level.NONREF, Level.FULL}


def test_a_calm_camera_is_watched_by_its_key_frames() -> None:
    """Half a look a second, where a key frame comes every two."""
    camera = calm_camera()
    begun = len(camera.looked_s)
    camera.calm(20)
    assert camera.levels[-1] is Level.KEYS
    assert len(camera.looked_s) - begun == pytest.approx(10, abs=1)


def test_motion_in_a_key_frame_opens_the_gate_at_the_next_packet() -> None:
    """No packet later than the look that saw it."""
    camera = calm_camera()
    while not camera.tick(300, moved=True).look:
        pass
    assert camera.tick(300, moved=True).level >= Level.NONREF


def test_larger_packets_open_it_within_half_a_second_of_the_first() -> None:
    """Also before they are trusted: a call in vain costs little."""
    camera = calm_camera()
    begun = camera.now_s
    while camera.tick(3000, moved=True).level < Level.NONREF:
        assert camera.now_s < begun + 0.6


def test_followed_objects_keep_it_open_and_calm_closes_it() -> None:
    """Somebody who stands still is still looked at; after he is gone it closes soon."""
    camera = calm_camera()
    camera.run(3, 3000, moved=True)
    for _ in range(100):
        assert camera.tick(300, tracks=1).level >= Level.NONREF
    camera.calm(CALM_AFTER_S + 0.5)
    assert camera.levels[-1] is Level.KEYS


def test_packets_that_announced_every_motion_are_trusted() -> None:
    """Then fewer key frames need decoding, but one look every few seconds remains."""
    camera = taught_camera()
    assert camera.levels[-1] is Level.PACKETS
    assert camera.gate.status(camera.now_s).trusted
    begun = len(camera.looked_s)
    camera.calm(40)
    assert 40 / FLOOR_S <= len(camera.looked_s) - begun <= 40 / FLOOR_S + 2


def test_one_motion_that_the_packets_missed_ends_the_trust() -> None:
    """The floor's look finds it; from then on there is a look a second again."""
    camera = taught_camera()
    camera.run(8, 300, moved=True)
    camera.calm(CALM_AFTER_S + 5)
    status = camera.gate.status(camera.now_s)
    assert not status.trusted
    assert (status.level, status.why) == (Level.KEYS, "packets-silent")
    begun = len(camera.looked_s)
    camera.calm(20)
    assert len(camera.looked_s) - begun >= 20


def test_rare_key_frames_are_not_enough_alone() -> None:
    """With a key frame every ten seconds and nothing proven, all is decoded."""
    assert calm_camera(gop=100).levels[-1] is Level.NONREF
    assert taught_camera(gop=100).levels[-1] is Level.PACKETS


def test_a_new_connection_settles_again() -> None:
    """Another encoder setting may have come with it."""
    camera = taught_camera()
    camera.gate.opened()
    camera.run(1, 300)
    assert camera.levels[-1] >= Level.NONREF


def test_calls_in_vain_are_ignored_after_a_few() -> None:
    """A clock in the picture makes packets large; it does not keep the camera awake for ever."""
    camera = calm_camera()
    for _ in range(30):
        camera.run(0.5, 900)
        camera.calm(4.5)
    recent = camera.levels[-200:]
    assert sum(level >= Level.NONREF for level in recent) < 0.1 * len(recent)


def test_too_few_exact_frames_are_made_up_for_by_all() -> None:
    """Where most frames are not predicted from, skipping them leaves too few looks."""
    gate = GateController(5.0)
    for number in range(200):
        order = gate.packet(number / 25, 3000, key=number % 50 == 0)
        gate.handed(given=int(order.level is Level.FULL or number % 10 == 0))
        gate.looked(number / 25, moved=True, tracks=1)
    assert order.level is Level.FULL


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    gop=st.integers(1, 120),
    fixed=st.sampled_from([None, *Level]),
)
def test_the_floor_is_never_gated_away(seed: int, gop: int, fixed: Level | None) -> None:
    """Whatever sizes come and whatever moves: no gap between looks exceeds the floor."""
    rng = np.random.default_rng(seed)
    camera = Camera(GateController(fixed=fixed), gop)
    moving = False
    for _ in range(600):
        moving = rng.random() < (0.9 if moving else 0.02)
        camera.tick(int(rng.lognormal(6, 2)), moved=moving)
    gaps = np.diff([1000.0, *camera.looked_s])
    assert gaps.max() <= FLOOR_S + STEP_S + 1e-6


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0, 0.15), gop=st.sampled_from([10, 20, 80]))
def test_a_constant_bit_rate_is_never_trusted(seed: int, spread: float, gop: int) -> None:
    """Sizes that do not feel motion prove nothing: then there is a look a second at least."""
    rng = np.random.default_rng(seed)
    camera = Camera(GateController(), gop)
    for _ in range(12):
        for moved, seconds in ((False, rng.uniform(4, 12)), (True, rng.uniform(3, 8))):
            for _ in range(round(seconds * FPS)):
                camera.tick(round(2000 * rng.uniform(1 - spread, 1 + spread)), moved=moved)
    assert Level.PACKETS not in camera.levels
    assert np.diff(camera.looked_s).max() <= CALM_LOOK_S + STEP_S + 1e-6
    if gop * STEP_S > FLOOR_S:
        assert min(camera.levels) >= Level.NONREF


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0.05, 3), st.booleans(), st.booleans()), max_size=80))
def test_nothing_is_proven_right_after_a_missed_onset(
    steps: list[tuple[float, bool, bool]],
) -> None:
    """Whatever came before: an onset that no packet announced takes the trust away."""
    trust, now_s = Trust(), 0.0
    for passed_s, fired, moved in steps:
        now_s += passed_s
        if fired:
            trust.fired(now_s)
        trust.looked(now_s, moved=moved)
    for _ in range(40):
        now_s += 0.2
        trust.looked(now_s, moved=False)
    for _ in range(6):
        now_s += 0.2
        trust.looked(now_s, moved=True)
    assert not trust.proven


@dataclass(frozen=True)
class Packet:
    size: int


def test_the_ring_is_bounded_by_count_and_by_bytes() -> None:
    """It says when it is full, and empties in order."""
    ring: PacketRing[Packet] = PacketRing(3, 1000)
    for size in (1, 2, 3):
        assert not ring.full
        ring.put(Packet(size))
    assert ring.full
    assert [packet.size for packet in ring.drain()] == [1, 2, 3]
    assert not ring.full
    ring.put(Packet(1000))
    assert ring.full
    assert ring.clear() == 1
    assert not ring.full
