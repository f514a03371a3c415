"""Recordings: what is no video is called so, and real time is real time."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.videos import walking, write_video
from vision.errors import SourceError, SourceFault
from vision.settings import CameraSpec
from vision.sources import open_source
from vision.sources.file import FileSource
from vision.sources.pace import AsFastAsPossible


def fault_of(path: Path) -> SourceFault:
    with pytest.raises(SourceError) as caught, FileSource(path, pace=AsFastAsPossible()) as source:
        list(source)
    return caught.value.fault


def test_a_missing_file_is_called_so(tmp_path: Path) -> None:
    """No such file."""
    assert fault_of(tmp_path / "gone.mp4") is SourceFault.NO_SUCH_FILE


@pytest.mark.parametrize("content", [b"", b"hello\n" * 1000, bytes(range(256)) * 200])
def test_what_is_no_video_is_called_so(tmp_path: Path, content: bytes) -> None:
    """An empty file, a text, and noise."""
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    assert fault_of(path) is SourceFault.NOT_A_VIDEO


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    """Somebody chose the folder instead of the file."""
    assert fault_of(tmp_path) is SourceFault.NOT_A_VIDEO


def test_a_coding_nobody_can_read_is_called_so(tmp_path: Path) -> None:
    """A video all right, but for a decoder we do not have."""
    path = write_video(tmp_path / "walk.mp4", walking(5))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    assert fault_of(path) is SourceFault.CODEC_NOT_SUPPORTED


def test_an_address_of_another_kind_is_refused_in_words() -> None:
    """Somebody gives a web address."""
    with pytest.raises(SourceError, match="http:// is not served"):
        open_source(CameraSpec("c", "c", "http://10.0.0.9/video"))


def test_a_truncated_video_gives_what_it_has_or_says_why(tmp_path: Path) -> None:
    """Half a file never crashes and never hangs."""
    whole = write_video(tmp_path / "whole.mkv", walking(20)).read_bytes()
    half = tmp_path / "half.mkv"
    half.write_bytes(whole[: len(whole) // 2])
    reasons: list[SourceFault] = []
    seen = 0
    try:
        with FileSource(half, pace=AsFastAsPossible()) as source:
            for _ in source:
                seen += 1
    except SourceError as error:
        reasons = [error.fault]
    assert 0 < seen < 20 or reasons == [SourceFault.NOT_A_VIDEO]


def test_without_loop_it_ends(tmp_path: Path) -> None:
    """Every picture once, evenly spaced, then an orderly end."""
    video = write_video(tmp_path / "walk.mp4", walking(12))
    with FileSource(video, pace=AsFastAsPossible()) as source:
        times = [picture.media_s for picture in source]
    np.testing.assert_allclose(times, np.arange(12) / 10, atol=1e-6)


def test_with_loop_time_goes_on(tmp_path: Path) -> None:
    """The clock steps by one interval from the last picture to the first of the next round."""
    video = write_video(tmp_path / "walk.mp4", walking(5))
    with FileSource(video, loop=True, pace=AsFastAsPossible(100.0)) as source:
        seen = list(islice(source, 13))
    np.testing.assert_allclose([p.media_s for p in seen], np.arange(13) / 10, atol=1e-6)
    np.testing.assert_allclose([p.mono_s for p in seen], 100 + np.arange(13) / 10, atol=1e-6)


def test_a_recording_plays_in_real_time(tmp_path: Path) -> None:
    """Half a second of video takes half a second, as from a camera."""
    video = write_video(tmp_path / "walk.mp4", walking(6))
    begun = time.monotonic()
    with FileSource(video) as source:
        list(source)
    assert 0.45 < time.monotonic() - begun < 3.0
