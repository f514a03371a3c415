"""The box detector learns from what people and agreeing teachers saw, the same each time."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vision.training.data import LabelledImage
from vision.training.detector_data import (
    FIRE,
    PERSON,
    SMOKE,
    VEHICLE,
    Array,
    Scene,
    draw_chances,
    inner,
    judged,
    read_scenes,
    read_teachers,
    scene,
)
from vision.training.detector_mosaic import CANVASES, Stock, camera, cut_out, make_batch
from vision.training.detector_teachers import agreed


def rows(*boxes: tuple[float, ...]) -> Array:
    return np.array(boxes, np.float32).reshape(-1, 6)


DRAWN = (PERSON, 0.1, 0.1, 0.3, 0.6, 1.0)


def test_what_a_person_drew_is_right_whatever_teachers_say() -> None:
    """A teacher's box of the same thing is dropped, a sure one elsewhere is added."""
    seen = rows((PERSON, 0.1, 0.1, 0.31, 0.6, 0.9), (PERSON, 0.6, 0.1, 0.8, 0.6, 0.9))
    found = judged("village_road", rows(DRAWN), seen)
    assert found[:, 5].tolist() == [1.0, 1.0]
    assert found[1, 1] == pytest.approx(0.6)


def test_doubt_is_neither_object_nor_background() -> None:
    """A score between the limits gives weight 0; below it there is nothing."""
    seen = rows((PERSON, 0.6, 0.1, 0.8, 0.6, 0.2), (VEHICLE, 0.6, 0.7, 0.8, 0.9, 0.05))
    found = judged("village_road", rows(DRAWN), seen)
    assert found[:, 5].tolist() == [1.0, 0.0]


def test_flames_are_no_people() -> None:
    """A teacher's sure person inside a flame that somebody drew is doubtful."""
    flame = rows((FIRE, 0.5, 0.0, 0.9, 0.9, 1.0))
    found = judged("indoor_fire", flame, rows((PERSON, 0.6, 0.1, 0.8, 0.6, 0.9)))
    assert found[:, 5].tolist() == [1.0, 0.0]


def test_labels_serve_where_no_teacher_looked() -> None:
    """Without a file of teachers the scores in the labels are judged in the same way."""
    found = judged("village_road", rows(DRAWN, (VEHICLE, 0.5, 0.5, 0.9, 0.9, 0.5)), None)
    assert found[:, 5].tolist() == pytest.approx([1.0, 0.8])


def test_teachers_that_agree_are_sure() -> None:
    """The score is the mean over all looks; one that sees nothing counts nothing."""
    box = (PERSON, 0.1, 0.1, 0.3, 0.6)
    one, two = rows((*box, 0.8)), rows((*box, 0.6), (PERSON, 0.6, 0.1, 0.8, 0.6, 0.4))
    found = agreed([one, two])
    assert found[:, 5].tolist() == pytest.approx([0.7, 0.2])
    assert agreed([rows(), rows()]).shape == (0, 6)


def picture(folder: Path, group: str, name: str, pixels: np.ndarray, label: str) -> LabelledImage:
    image = folder / group / "images" / f"{name}.png"
    image.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(image), pixels)
    values = [float(v) for v in label.split()] if label else []
    return LabelledImage(image, group, rows(tuple(values)) if values else rows())


def test_dark_bars_are_cut_off(tmp_path: Path) -> None:
    """A padded picture is shown without its padding, its boxes move along."""
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[20:80] = 200
    image = picture(tmp_path, "village_road", "00001", pixels, "1 0.2 0.3 0.6 0.7 1.0")
    found = scene(image, None)
    assert found.pixels.shape == (60, 100, 3)
    assert found.boxes[0, 1:5].tolist() == pytest.approx([20, 10, 60, 50])
    assert inner(np.zeros((50, 50, 3), np.uint8)) == (0, 0, 50, 50)


def test_smoke_is_not_judged_where_nobody_looked_for_it(tmp_path: Path) -> None:
    """The indoor fires carry no smoke labels: the whole picture is to be ignored for it."""
    image = picture(tmp_path, "indoor_fire", "00001", np.full((50, 60, 3), 99, np.uint8), "")
    assert scene(image, None).boxes.tolist() == [[SMOKE, 0, 0, 60, 50, 0]]


def test_every_twentieth_picture_is_held_out(tmp_path: Path) -> None:
    """Training and watching share no picture; teachers' files are found by set and name."""
    for name in ("00001", "00020"):
        folder = tmp_path / "city_traffic"
        for kind in ("images", "labels"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "images" / f"{name}.jpg"), np.full((50, 60, 3), 99, np.uint8))
        (folder / "labels" / f"{name}.txt").write_text("")
    told = tmp_path / "teachers.jsonl"
    line = ["city_traffic", "00001", [[1, 0.1, 0.1, 0.5, 0.5, 0.9]]]
    told.write_text(json.dumps(line) + "\n")
    assert set(read_teachers([told])) == {("city_traffic", "00001")}
    (seen,) = read_scenes(tmp_path, [told])
    (kept,) = read_scenes(tmp_path, [told], held_out=True)
    assert len(seen.boxes) == 1
    assert len(kept.boxes) == 0


@pytest.fixture(scope="module")
def stock() -> Stock:
    """Two scenes: a person and a car, drawn plainly."""
    scenes = []
    for label, box in ((PERSON, (60, 40, 100, 160)), (VEHICLE, (40, 60, 180, 140))):
        pixels = np.random.default_rng(label).integers(60, 120, (200, 220, 3), np.uint8)
        pixels[box[1] : box[3], box[0] : box[2]] = (250, 240, 20 * label)
        boxes = rows((label, *box, 1.0))
        scenes.append(Scene("village_road", pixels, boxes))
    empty = np.full((80, 80, 3), 30, np.uint8)
    return Stock(scenes, draw_chances(scenes, {"village_road": 1.0}), [empty], cut_out(scenes))


@pytest.mark.parametrize("calm", [False, True])
def test_boxes_lie_in_the_picture_they_are_made_for(stock: Stock, calm: bool) -> None:
    """Whatever is cut, scaled, mirrored and pasted; and objects are there at all."""
    counted = 0
    for seed in range(6):
        pictures, boxes = make_batch(stock, 4, np.random.default_rng(seed), calm=calm)
        assert pictures.shape[2:] in CANVASES
        for found in boxes:
            assert (found[:, 1:5] >= -0.01).all()
            assert (found[:, [1, 3]] <= pictures.shape[3] + 0.01).all()
            assert (found[:, [2, 4]] <= pictures.shape[2] + 0.01).all()
            assert (found[:, 3:5] >= found[:, 1:3]).all()
            counted += int((found[:, 5] > 0).sum())
    assert counted > 20


def test_the_same_chance_makes_the_same_pictures(stock: Stock) -> None:
    """A run can be stopped, gone on with, and repeated."""
    first, second = (
        make_batch(stock, 3, np.random.default_rng((1, 7)), calm=False) for _ in range(2)
    )
    np.testing.assert_array_equal(first[0], second[0])
    for one, other in zip(first[1], second[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_pictures_with_people_are_drawn_more_often(stock: Stock) -> None:
    """People are few in the sets; the chances still sum up to one."""
    assert stock.chances[0] > stock.chances[1]
    assert stock.chances.sum() == pytest.approx(1)
    assert len(stock.cutouts) == 1


def test_a_camera_keeps_the_size() -> None:
    """Light, noise and compression change bytes, not shapes."""
    pixels = np.random.default_rng(3).integers(0, 256, (64, 96, 3), np.uint8)
    for seed in range(20):
        seen = camera(pixels, np.random.default_rng(seed))
        assert (seen.shape, seen.dtype) == (pixels.shape, np.uint8)
