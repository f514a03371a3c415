"""What the training script learns from is what its labels say, the same each time."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vision.detectors.crops import MARGIN, PATCH_PX
from vision.training.data import (
    BACKGROUND,
    CONTEXT,
    FIRE,
    PERSON,
    SMOKE,
    TWO_WHEELER,
    VEHICLE,
    cut_pieces,
    empty_squares,
    made_up_backgrounds,
    read_boxes,
    read_sets,
    shown,
    wanted_objects,
)
from vision.training.drawn import drawn_backgrounds, drawn_smoke, plume
from vision.training.jitter import draw_batch, dressed, plain_batch
from vision.training.mined import flame_pieces, misread_backgrounds
from vision.training.rendered import rendered_pieces


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A set with three grey pictures; in two of them a bright square is a labelled vehicle."""
    for number, label in (
        ("00001", "1 0.5 0.5 0.4 0.4 1.00\n"),
        ("00002", ""),
        ("00020", "1 0.5 0.5 0.4 0.4 0.30\n"),
    ):
        picture = np.full((100, 200, 3), 90, np.uint8)
        picture[30:70, 60:140] = 250
        for folder, name, content in (
            ("images", f"{number}.jpg", cv2.imencode(".jpg", picture)[1].tobytes()),
            ("labels", f"{number}.txt", label.encode()),
        ):
            path = tmp_path / "village_road" / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return tmp_path


def test_a_label_line_becomes_corners(tmp_path: Path) -> None:
    """Centre and size turn into corners; class and score stay."""
    file = tmp_path / "1.txt"
    file.write_text("2 0.5 0.25 0.2 0.1 0.75\n\n")
    assert read_boxes(file) == pytest.approx(np.array([[2, 0.4, 0.2, 0.6, 0.3, 0.75]]), abs=1e-6)


def test_sets_are_read_in_order_and_some_pictures_are_held_out(data: Path) -> None:
    """Every twentieth picture, by its number, is kept for watching."""
    images = read_sets(data)
    assert [image.path.stem for image in images] == ["00001", "00002", "00020"]
    assert [image.held_out for image in images] == [False, False, True]


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    """Training on nothing is refused."""
    with pytest.raises(FileNotFoundError, match="No labelled pictures"):
        read_sets(tmp_path)


def test_doubtful_labels_are_neither_object_nor_background(data: Path) -> None:
    """A teacher's weak box gives no object, and no background is cut from it."""
    doubtful = read_sets(data)[2]
    pieces = cut_pieces([doubtful], np.random.default_rng(0))
    assert set(pieces.labels.tolist()) == {BACKGROUND}
    assert pieces.pixels.max() < 250


def test_a_piece_shows_its_object_in_the_middle(data: Path) -> None:
    """Object pieces have room around them; without jitter the margin is the detector's."""
    pieces = cut_pieces(read_sets(data)[:1], np.random.default_rng(0), backgrounds=0)
    assert pieces.labels.tolist() == [VEHICLE]
    assert pieces.context.tolist() == [CONTEXT]
    batch = plain_batch(pieces, MARGIN)
    assert batch.shape == (1, 3, PATCH_PX, PATCH_PX)
    bright = float((batch[0].mean(axis=0) > 0.7).mean())
    assert bright == pytest.approx(0.5 / MARGIN**2, abs=0.06)


def test_a_rider_is_no_example_of_a_person() -> None:
    """Someone on a two-wheeler moves as one thing with it; someone in flames is a flame."""
    rows = np.array(
        [
            [0, 10, 10, 40, 90, 1],
            [1 + 1, 5, 40, 60, 110, 1],
            [0, 200, 10, 230, 90, 1],
            [3, 290, 0, 340, 100, 1],
            [0, 300, 10, 330, 90, 1],
        ],
        np.float32,
    )
    kept = [(label, float(box[0])) for label, box, _ in wanted_objects("cctv_fire", rows)]
    assert (PERSON, 200.0) in kept
    assert (TWO_WHEELER, 5.0) in kept
    assert [left for label, left in kept if label == PERSON] == [200.0]


def test_empty_squares_show_no_object() -> None:
    """Random background keeps away from every label, also doubtful ones."""
    rows = np.array([[0, 100, 50, 220, 260, 0.25]], np.float32)
    chance = np.random.default_rng(4)
    squares = list(empty_squares(rows, (416, 300), chance, 200))
    assert len(squares) > 150
    assert all(shown(square, rows[:, 1:5]).sum() <= 0.06 for square in squares)


def test_the_same_seed_gives_the_same_batch() -> None:
    """Drawn figures, made-up backgrounds and jitter depend on nothing but the seed."""

    def batch(seed: int) -> np.ndarray:
        chance = np.random.default_rng(seed)
        pieces = rendered_pieces(chance, people=3, vehicles=3, empty=3, variants=1)
        pieces = pieces.joined(made_up_backgrounds(12, chance))
        return draw_batch(pieces, np.arange(21), chance)

    first = batch(7)
    assert first.shape == (21, 3, PATCH_PX, PATCH_PX)
    assert first.min() >= 0
    assert first.max() <= 1
    assert np.array_equal(first, batch(7))
    assert not np.array_equal(first, batch(8))


def test_drawn_pieces_are_what_they_are_called() -> None:
    """Facades, lamps and the rest are background, plumes over them are smoke, seed by seed."""
    first = drawn_backgrounds(18, np.random.default_rng(3))
    again = drawn_backgrounds(18, np.random.default_rng(3))
    assert np.array_equal(first.pixels, again.pixels)
    assert set(first.labels.tolist()) == {BACKGROUND}
    smoke = drawn_smoke(first.pixels, 4, np.random.default_rng(3))
    assert set(smoke.labels.tolist()) == {SMOKE}
    assert 0.02 < plume(np.random.default_rng(3)).mean() < 0.9


def test_dressing_paints_in_the_colours_of_fire() -> None:
    """A grey patch becomes warm, its edges stay in the range of a picture."""
    chance = np.random.default_rng(5)
    grey = np.full((PATCH_PX, PATCH_PX, 3), 120, np.uint8)
    warm = [dressed(grey, chance).astype(int) for _ in range(20)]
    assert sum(int((w[..., 0] - w[..., 2]).max() > 60) for w in warm) >= 15


def test_what_has_the_colour_of_flames_is_fire_only_where_a_label_says_so(tmp_path: Path) -> None:
    """Inside labelled fire it is fire, far from it background, close to it neither."""
    picture = np.full((200, 400, 3), 60, np.uint8)
    for left in (40, 110, 330):
        picture[80:120, left : left + 40] = (40, 140, 250)
    folder = tmp_path / "cctv_fire"
    for name, content in (
        ("images/00001.jpg", cv2.imencode(".jpg", picture)[1].tobytes()),
        ("labels/00001.txt", b"3 0.15 0.5 0.12 0.24 1.00\n"),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    pieces = flame_pieces(read_sets(tmp_path))
    assert sorted(pieces.labels.tolist()) == [BACKGROUND, FIRE]


def test_only_misread_squares_are_mined(data: Path) -> None:
    """A network that reads everything well finds nothing to add; a bad one fills its quota."""
    images = read_sets(data)

    def mined(odds: float) -> int:
        def read(batch: np.ndarray) -> np.ndarray:
            return np.full(len(batch), odds, np.float32)

        chance = np.random.default_rng(1)
        return len(misread_backgrounds(images, read, chance, each=4, most=5).labels)

    assert mined(0.99) == 0
    assert mined(0.1) == 5
