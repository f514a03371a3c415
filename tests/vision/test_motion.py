"""Motion: what moves is found, what stands still is kept while somebody holds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.blobs import blobs, merged, parted
from vision.boxes import Box
from vision.frames import Frame, Image
from vision.motion import LINES, MotionModel
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
    pixel = WIDTH / (LINES * WIDTH / HEIGHT)
    assert left <= 0.4 * WIDTH + pixel
    assert right >= 0.5 * WIDTH - pixel
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


def test_what_is_set_down_is_news_for_some_seconds_only(settled: MotionModel) -> None:
    """Ten seconds after it came to rest, what nobody follows is part of the scene."""
    assert _watch(settled, 8, hold=False)
    assert not _watch(settled, 16, hold=False)


def test_the_hole_left_by_who_stood_there_at_the_start_closes() -> None:
    """Somebody stands there when the camera starts and walks away: only he himself moves."""
    model = MotionModel()
    for tick in range(28):
        x = 0.4 if tick < 3 else 0.4 + 0.015 * (tick - 3)
        movement = model.look(frame((x, 0.3, x + 0.1, 0.7), tick / 5))
    first = 0.45 * WIDTH
    assert movement.regions
    assert not any(left < first < right for left, _, right, _ in movement.regions)


@pytest.mark.parametrize(
    ("boxes", "count"),
    [
        ([(10, 10, 60, 90), (60, 12, 110, 92)], 2),
        ([(10, 10, 40, 40), (12, 41, 38, 90)], 1),
        ([(10, 10, 90, 60), (88, 30, 98, 40)], 1),
        ([(10, 10, 60, 60), (30, 20, 80, 70)], 1),
        ([(10, 10, 60, 60), (80, 20, 130, 70)], 2),
    ],
    ids=["side by side", "head and legs", "a fragment", "much in common", "apart"],
)
def test_pieces_of_one_thing_become_one_box(boxes: list[Box], count: int) -> None:
    """Two cars beside each other stay two, and somebody whose belt looks like the wall is one."""
    assert len(merged(boxes)) == count


def test_a_region_in_which_two_known_ones_meet_is_cut_between_them() -> None:
    """Two cars beside each other are judged one by one; a car alone stays whole."""
    region: Box = (0, 0, 100, 60)
    left, right, elsewhere = (5, 5, 35, 55), (65, 5, 95, 55), (200, 5, 230, 55)
    assert parted([region], [left, right, elsewhere]) == [(0, 0, 50, 60), (50, 0, 100, 60)]
    assert parted([region], [(30, 0, 70, 20), (30, 40, 70, 60)]) == [
        (0, 0, 100, 30),
        (0, 30, 100, 60),
    ]
    assert parted([region], [left, elsewhere]) == [region]


def test_two_whose_shadows_touch_are_parted() -> None:
    """One blob with two hills and a valley between them is two things; a table is one."""
    two = np.zeros((60, 100), np.uint8)
    two[10:50, 10:40] = two[12:50, 55:85] = two[40:48, 40:55] = 1
    assert sorted(blobs(two, 8)) == [(10, 10, 40, 50), (40, 12, 85, 50)]
    one = np.zeros((60, 100), np.uint8)
    one[10:50, 10:85] = 1
    assert list(blobs(one, 8)) == [(10, 10, 85, 50)]


@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(1, 30), st.integers(1, 30)),
        max_size=15,
    )
)
def test_merging_loses_nothing_and_is_done_at_once(raw: list[tuple[int, int, int, int]]) -> None:
    """Each box lies in one of the merged ones, and merging these again changes nothing."""
    boxes: list[Box] = [(x, y, x + w, y + h) for x, y, w, h in raw]
    done = merged(boxes)
    for x in boxes:
        assert any(m[0] <= x[0] and m[1] <= x[1] and m[2] >= x[2] and m[3] >= x[3] for m in done)
    assert merged(done) == done
