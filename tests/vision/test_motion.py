"""Motion: what moves is found, what stands still is kept while somebody holds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.boxes import Box
from vision.frames import Frame, Image
from vision.motion import MotionModel, merged
from vision.sources.synthetic import drawn

WIDTH, HEIGHT = 320, 180


def frame(box: Box | None, at_s: float, light: int = 0) -> Frame:
    image: Image = drawn(box, WIDTH, HEIGHT)
    grain = np.random.default_rng(int(at_s * 1000)).integers(-3, 4, image.shape)
    return Frame(np.clip(image + grain + light, 0, 255).astype(np.uint8), at_s, at_s)


@pytest.fixture
def settled() -> MotionModel:
    """A model that has seen ten seconds of an empty scene."""
    model = MotionModel()
    for tick in range(50):
        assert not model.look(frame(None, tick / 5))
    return model


def test_an_object_gives_one_region_around_it(settled: MotionModel) -> None:
    """The region covers the object and not much more."""
    movement = settled.look(frame((0.4, 0.3, 0.5, 0.7), 10.0))
    (region,) = movement.regions
    left, top, right, bottom = region
    assert left <= 0.4 * WIDTH
    assert right >= 0.5 * WIDTH
    assert (right - left) * (bottom - top) < 2.0 * (0.1 * WIDTH) * (0.4 * HEIGHT)


def test_a_change_of_light_is_not_movement(settled: MotionModel) -> None:
    """A cloud darkens every pixel alike."""
    assert not settled.look(frame(None, 10.0, light=-25))


def test_an_object_is_found_in_changing_light(settled: MotionModel) -> None:
    """Exposure drift hides nothing."""
    assert len(settled.look(frame((0.4, 0.3, 0.5, 0.7), 10.0, light=-25)).regions) == 1


def test_a_new_view_is_told_once_and_learnt(settled: MotionModel) -> None:
    """A turned camera changes everything: no thousand blobs, but a fresh start."""
    rng = np.random.default_rng(5)
    other = np.repeat(np.repeat(rng.integers(0, 255, (18, 32, 3), np.uint8), 10, 0), 10, 1)
    first = settled.look(Frame(other, 10.0, 10.0))
    assert first.everywhere
    assert not settled.look(Frame(other, 10.2, 10.2))


def _watch(model: MotionModel, seconds: int, *, hold: bool) -> bool:
    box = (0.4, 0.3, 0.5, 0.7)
    pixels = (0.4 * WIDTH, 0.3 * HEIGHT, 0.5 * WIDTH, 0.7 * HEIGHT)
    last = False
    for tick in range(seconds * 5):
        held = [pixels] if hold else []
        last = bool(model.look(frame(box, 10 + tick / 5), held))
    return last


def test_a_held_object_does_not_fade(settled: MotionModel) -> None:
    """Somebody standing for a minute and a half still stands out while he is being followed."""
    assert _watch(settled, 90, hold=True)


def test_what_nobody_holds_becomes_background(settled: MotionModel) -> None:
    """A parked cart is part of the scene after a few minutes."""
    assert not _watch(settled, 240, hold=False)


@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(1, 30), st.integers(1, 30)),
        max_size=15,
    )
)
def test_merged_boxes_do_not_touch_and_cover_all(raw: list[tuple[int, int, int, int]]) -> None:
    """After merging no two boxes overlap, and each original lies in one of them."""
    boxes: list[Box] = [(x, y, x + w, y + h) for x, y, w, h in raw]
    done = merged(boxes)
    for i, a in enumerate(done):
        for b in done[i + 1 :]:
            assert not (a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])
    for x in boxes:
        assert any(m[0] <= x[0] and m[1] <= x[1] and m[2] >= x[2] and m[3] >= x[3] for m in done)
