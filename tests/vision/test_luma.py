"""Brightness straight from the decoder: the same picture, masked, without a copy of the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fakes.videos import walking, write_video
from vision.frames import Frame, Luma, Picture
from vision.masks import Mask
from vision.sources.file import FileSource
from vision.sources.pace import AsFastAsPossible

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    video = write_video(tmp_path / "walk.mp4", walking(3))
    with FileSource(video, pace=AsFastAsPossible()) as source:
        return next(iter(source))


def test_it_is_the_brightness_of_the_colours(picture: Picture) -> None:
    """As grey as the converted picture is, within the rounding of two conversions."""
    by_colour = Frame(picture.decode(), 0.0, 0.0).grey(160, 90).astype(int)
    direct = Mask(()).reveal(picture).grey(160, 90).astype(int)
    assert np.abs(by_colour - direct).mean() < 2
    assert np.abs(by_colour - direct).max() < 12


def test_it_is_a_view_and_not_a_copy(picture: Picture) -> None:
    """The plane belongs to the decoder, so nobody can write to it or pays for a copy."""
    assert picture.luma is not None
    plane = picture.luma().plane
    assert plane.shape == (picture.height, picture.width)
    assert not plane.flags.owndata
    again = picture.luma().plane
    assert plane.ctypes.data == again.ctypes.data


def test_no_colours_are_converted_for_it(picture: Picture) -> None:
    """Most looks need nothing else."""
    calls: list[int] = []

    def decode() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        calls.append(1)
        return picture.decode()

    frame = Mask(()).reveal(Picture(0.0, 0.0, picture.width, picture.height, decode, picture.luma))
    frame.grey(160, 90)
    assert not calls
    assert frame.image is frame.image
    assert calls == [1]


def test_the_mask_covers_it_too(picture: Picture) -> None:
    """Nothing of a masked half is left, not even mixed into the pixels at its border."""
    bright = np.full((180, 320), 255, np.uint8)
    dark = bright.copy()
    dark[:, 160:] = 16
    views = []
    for masked_side in (bright, dark):
        plane = masked_side.copy()
        plane[:, 160:] = 100
        plane[:, :160] = masked_side[:, 160:]
        views.append(plane)
    seen = [Mask((LEFT,)).reveal(_of(picture, view)).grey(71, 40) for view in views]
    np.testing.assert_array_equal(*seen)
    assert (seen[0][:, :35] == 0).all()
    assert (seen[0][:, 40:] > 0).all()


def _of(picture: Picture, plane: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Picture:
    return Picture(0.0, 0.0, 320, 180, picture.decode, lambda: Luma(plane, full=False))


def test_a_large_picture_is_thinned_out_first() -> None:
    """The result has the size asked for and the same brightness."""
    large = np.full((1080, 1920, 3), 90, np.uint8)
    grey = Frame(large, 0.0, 0.0).grey(178, 100)
    assert grey.shape == (100, 178)
    assert (np.abs(grey.astype(int) - 90) <= 1).all()
