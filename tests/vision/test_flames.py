"""Places that have the colour of flames and flicker in it are found, and little else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vision.detections import Detections
from vision.flames import (
    MOST_PLACES,
    FlameWatch,
    boxes_of,
    flame_mask,
    flame_places,
    gathered,
    parts,
)
from vision.frames import Frame, Image

WIDTH, HEIGHT = 320, 180
FLAME = (40, 140, 250)
Painter = Callable[[Image, int, np.random.Generator], None]


def ground() -> Image:
    return np.full((HEIGHT, WIDTH, 3), (110, 120, 115), np.uint8)


def flames(image: Image, _: int, chance: np.random.Generator) -> None:
    """A small fire: each piece of it is now brighter, now darker."""
    light = chance.uniform(0.7, 1.0, (12, 8, 1))
    block = np.kron(light, np.ones((3, 3, 1)))
    image[90:126, 60:84] = np.clip(np.array(FLAME) * block + (0, 30, 0), 0, 255)


def lamp(image: Image, _: int, chance: np.random.Generator) -> None:
    image[90:126, 60:84] = np.clip(np.array(FLAME) + chance.normal(0, 2, (36, 24, 3)), 0, 255)


def vest(image: Image, look: int, _: np.random.Generator) -> None:
    """Walks by and stays nowhere."""
    left = 20 + 12 * look
    image[80:120, left : left + 20] = FLAME
    image[80:120:8, left : left + 20] = 230


def leaves(image: Image, _: int, chance: np.random.Generator) -> None:
    image[60:126, 60:124] = chance.integers(20, 160, (66, 64, 1)) * np.array([0.5, 1.0, 0.6])


def watched(paint: Painter, looks: int = 20) -> list[list[tuple[float, float, float, float]]]:
    chance = np.random.default_rng(1)
    watch = FlameWatch()
    found = []
    for look in range(looks):
        image = ground()
        paint(image, look, chance)
        found.append(watch.look(Frame(image, look / 5, look / 5)))
    return found


def test_a_fire_is_a_place_within_two_seconds() -> None:
    """The box lies around the flames and not much more."""
    found = watched(flames)
    assert all(found[10:])
    left, top, right, bottom = found[-1][0]
    assert 50 < left < 70
    assert 75 < right < 95
    assert 75 < top < 100
    assert 115 < bottom < 140


@pytest.mark.parametrize("paint", [lamp, vest, leaves])
def test_what_only_has_the_colour_or_only_moves_is_none(paint: Painter) -> None:
    """A lamp does not flicker, a vest does not stay, leaves have another colour."""
    assert not any(watched(paint))


def test_a_pause_or_another_size_begins_anew() -> None:
    """What was seen before a gap, or in a picture of another size, says nothing."""
    chance = np.random.default_rng(2)
    watch = FlameWatch()
    for look in range(10):
        image = ground()
        flames(image, look, chance)
        found = watch.look(Frame(image, look / 5, look / 5))
    assert found
    assert watch.look(Frame(image, 60.0, 60.0)) == []
    assert watch.look(Frame(image[:90].copy(), 60.2, 60.2)) == []


def test_the_colour_alone_gives_places_in_a_still_picture() -> None:
    """Single pictures have no time; there every place with the colour is one, the largest first."""
    image = ground()
    image[20:60, 20:80] = FLAME
    image[120:132, 200:212] = FLAME
    large, small = flame_places(image)
    assert (large[0] < 20, large[2] > 80) == (True, True)
    assert (small[0] < 200, small[2] > 212) == (True, True)
    assert flame_places(ground()) == []


def test_only_so_many_places_are_given() -> None:
    """A thousand lamps cost no more than a few."""
    mask = np.zeros((120, 200), np.uint8)
    for row in range(5, 110, 12):
        for column in range(5, 190, 12):
            mask[row : row + 4, column : column + 4] = 1
    assert len(boxes_of(mask, 640, 360)) == MOST_PLACES


def test_grey_and_blue_are_no_flames() -> None:
    """The colour test refuses what has no warmth."""
    for colour in ((128, 128, 128), (250, 140, 40), (255, 255, 255), (60, 160, 60)):
        assert not flame_mask(np.full((4, 4, 3), colour, np.uint8)).any()
    assert flame_mask(np.full((4, 4, 3), FLAME, np.uint8)).all()


PLACE = (100.0, 50.0, 160.0, 150.0)


def test_what_burns_in_one_place_is_one_fire() -> None:
    """Its parts are judged too; the best of them raises the whole, and others stay as they are."""
    elsewhere = (300.0, 50.0, 340.0, 150.0)
    found = Detections.of(
        [(box, 0.3, "fire") for box in parts([PLACE])]
        + [(parts([PLACE])[4], 0.5, "fire"), (PLACE, 0.4, "person"), (elsewhere, 0.6, "fire")]
    )
    whole = gathered(found, [PLACE])
    assert whole.labels == ("fire", "person", "fire")
    assert whole.boxes[0].tolist() == list(PLACE)
    assert 0.5 < whole.scores[0] < 0.75
    assert whole.scores[2] == np.float32(0.6)
    assert gathered(found, []) is found


def test_a_small_place_is_not_parted() -> None:
    """A tiny flame has no parts to be judged."""
    assert parts([(10.0, 10.0, 20.0, 25.0)]) == []
    assert parts([]) == []
    assert len(parts([PLACE])) == 5
