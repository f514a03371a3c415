"""The small parts: slot, rate, back-off, pace, zones, masks, boxes, evidence."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.backoff import FRESH_CAP_S, FRESH_FOR_S, LEAST_S, OLD_CAP_S, Backoff
from vision.boxes import overlaps, padded, to_array
from vision.errors import RuleError
from vision.evidence import draw_evidence
from vision.frames import Frame, Image, Picture
from vision.masks import Mask
from vision.rate import Rate
from vision.settings import Polygon, ZoneSpec
from vision.slot import Slot
from vision.sources.pace import RealTime
from vision.zones import WHOLE_PICTURE, Zone

SQUARE: Polygon = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def test_a_slot_keeps_only_the_newest() -> None:
    """What nobody took in time is replaced and counted."""
    slot: Slot[int] = Slot()
    for number in range(4):
        slot.put(number)
    assert slot.take() == 3
    assert slot.take() is None
    assert slot.dropped == 3


def test_a_slot_wakes_whoever_waits() -> None:
    """Each put calls the bell once."""
    rings: list[int] = []
    slot: Slot[str] = Slot(lambda: rings.append(1))
    slot.put("a")
    slot.put("b")
    assert len(rings) == 2


def test_a_rate_is_events_a_second_of_the_last_seconds() -> None:
    """Ten a second are ten; when they stop the figure falls to nothing."""
    rate = Rate()
    for tick in range(100):
        rate.count(tick / 10)
    assert rate.per_second(9.9) == pytest.approx(10, rel=0.05)
    assert 0 < rate.per_second(13.0) < 6
    assert rate.per_second(30.0) == 0


def test_a_camera_lost_a_moment_ago_is_tried_often() -> None:
    """While the loss is fresh the longest wait leaves room to be back within 15 s."""
    backoff = Backoff(lambda: 1.0)
    waits = [backoff.next_delay(float(second)) for second in range(20)]
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == FRESH_CAP_S <= 8


def test_a_camera_lost_for_long_is_tried_once_a_minute() -> None:
    """Later the wait grows to a minute, and a working connection starts anew."""
    backoff = Backoff(lambda: 1.0)
    for second in range(10):
        backoff.next_delay(float(second))
    assert backoff.next_delay(FRESH_FOR_S + 10) == OLD_CAP_S == 60
    backoff.reset()
    assert backoff.next_delay(FRESH_FOR_S + 20) == 1


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=30))
def test_jitter_never_leaves_its_bounds(draws: list[float]) -> None:
    """Whatever the dice say, a wait is between the least and the cap."""
    dice = iter(draws)
    backoff = Backoff(lambda: next(dice))
    for _ in draws:
        assert LEAST_S <= backoff.next_delay(0.0) <= FRESH_CAP_S


def test_a_recording_is_paced_by_its_own_clock() -> None:
    """Each picture waits until it is due, and being a little late does not shift the rest."""
    now = [100.0]
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(round(seconds, 3))
        now[0] += seconds

    pace = RealTime(lambda: now[0], wait)
    assert pace.due(0.0) == 100.0
    assert pace.due(0.5) == pytest.approx(100.5)
    now[0] += 0.3
    assert pace.due(1.0) == pytest.approx(101.0)
    assert waits == [0.5, 0.2]


def test_a_recording_far_behind_does_not_race_to_catch_up() -> None:
    """After a long pause it goes on in real time from there."""
    now = [0.0]
    waits: list[float] = []
    pace = RealTime(lambda: now[0], waits.append)
    pace.due(0.0)
    now[0] = 50.0
    assert pace.due(1.0) == 50.0
    pace.due(2.0)
    assert waits == [pytest.approx(1.0)]


def test_a_zone_contains_what_is_inside() -> None:
    """Inside, outside, and the corner of a concave zone."""
    zone = Zone(ZoneSpec("z", "z", ((0, 0), (1, 0), (1, 1), (0.5, 0.2), (0, 1))))
    assert zone.contains((0.1, 0.5))
    assert zone.contains((0.9, 0.5))
    assert not zone.contains((0.5, 0.5))
    assert not Zone(ZoneSpec("z", "z", SQUARE)).contains((0.8, 0.5))


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_the_whole_picture_contains_every_point(x: float, y: float) -> None:
    """A rule without a zone watches everything."""
    assert Zone(WHOLE_PICTURE).contains((x, y))


@pytest.mark.parametrize(
    "polygon",
    [((0.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0)), ((0, 0), (2, 0), (0, 1))],
    ids=["a line", "no area", "outside"],
)
def test_a_zone_that_cannot_be_drawn_is_refused(polygon: Polygon) -> None:
    """The sentence names the zone and says what to do."""
    with pytest.raises(RuleError, match=r"水库.*Draw it again"):
        Zone(ZoneSpec("z", "水库", polygon))


def noise(seed: int, width: int = 320, height: int = 180) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def picture(image: Image) -> Picture:
    return Picture(0.0, 0.0, image.shape[1], image.shape[0], image.copy)


def test_masked_pixels_cannot_be_recovered_from_the_evidence() -> None:
    """Two scenes that differ only behind the mask give the same evidence, byte for byte."""
    first, second = noise(1), noise(1)
    second[50:130, 90:230] = noise(2)[50:130, 90:230]
    assert not np.array_equal(first, second)
    mask = Mask([SQUARE])
    jpegs = [
        draw_evidence(mask.reveal(picture(image)), (10, 10, 60, 60), "person 0.9", 90)
        for image in (first, second)
    ]
    assert jpegs[0] == jpegs[1]
    seen = cv2.imdecode(np.frombuffer(jpegs[0], np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    assert int(seen[60:120, 100:220].max()) < 30


def test_masks_that_overlap_both_stay_closed() -> None:
    """Where two masks lie on each other the picture is black too."""
    frame = Mask([SQUARE, SQUARE]).reveal(picture(noise(3)))
    assert not frame.image[50:130, 90:230].any()
    assert frame.image[:40].any()


def test_a_mask_of_two_corners_is_refused() -> None:
    """Better no camera than an open mask."""
    with pytest.raises(RuleError):
        Mask([((0.0, 0.0), (1.0, 1.0))])


def test_evidence_shows_the_box_and_leaves_the_frame_alone() -> None:
    """The box is in the JPEG, at most 1920 wide, and the frame is not drawn on."""
    image = np.full((1080, 3840, 3), 128, np.uint8)
    frame = Frame(image, 0.0, 0.0)
    jpeg = draw_evidence(frame, (400, 200, 1400, 900), "person 0.93 大门 gate", 80)
    seen = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    assert seen.shape == (540, 1920, 3)
    assert int(seen[300, 200, 2]) > 200 > int(seen[300, 200, 0]) + 100
    assert (image == 128).all()


def test_overlap_is_intersection_over_union() -> None:
    """Equal is 1, apart is 0, half is a third, and an empty box overlaps nothing."""
    first = to_array([(0, 0, 2, 2), (5, 5, 5, 9)])
    second = to_array([(0, 0, 2, 2), (1, 0, 3, 2), (9, 9, 10, 10)])
    np.testing.assert_allclose(overlaps(first, second), [[1, 1 / 3, 0], [0, 0, 0]], atol=1e-6)


def test_a_padded_box_stays_in_the_picture() -> None:
    """It grows on each side, but not over the edge."""
    assert padded((10, 10, 20, 30), 0.5, 100, 35) == (5, 0, 25, 35)
