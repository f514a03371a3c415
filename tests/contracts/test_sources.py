"""Every source keeps the promises of the seam: file, drawn, and a real RTSP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest

from tests.fakes.rtsp import RtspCamera, encoded, write_units
from tests.fakes.videos import walking, write_video
from vision.frames import Picture
from vision.sources import Source
from vision.sources.file import FileSource
from vision.sources.pace import AsFastAsPossible
from vision.sources.rtsp import RtspSource
from vision.sources.synthetic import SyntheticSource

FPS = 25

Make = Callable[[], Source]


@pytest.fixture(
    params=[
        "file",
        "synthetic",
        pytest.param("rtsp-tcp", marks=pytest.mark.rtsp),
        pytest.param("rtsp-udp", marks=pytest.mark.rtsp),
        pytest.param("rtsp-h265", marks=pytest.mark.rtsp),
    ]
)
def make(request: pytest.FixtureRequest, tmp_path: Path, free_port: int) -> Iterator[Make]:
    """Gives fresh sources of one kind, 320×180 at 25 frames a second, for a long time."""
    kind: str = request.param
    with ExitStack() as stack:
        if kind == "file":
            video = write_video(tmp_path / "walk.mp4", walking(20), FPS)
            yield lambda: FileSource(video, loop=True, pace=AsFastAsPossible())
        elif kind == "synthetic":
            yield lambda: SyntheticSource(fps=FPS, pace=AsFastAsPossible())
        else:
            h265 = kind == "rtsp-h265"
            data = encoded(walking(20), FPS, "libx265" if h265 else "libx264")
            units = write_units(tmp_path / "units", data)
            server = RtspCamera(free_port, units, fps=FPS, codec="h265" if h265 else "h264")
            camera = stack.enter_context(server)
            transport = "udp" if kind == "rtsp-udp" else "tcp"
            yield lambda: RtspSource(camera.url, transport=transport)


def pictures(source: Source, count: int) -> list[Picture]:
    return list(islice(iter(source), count))


def test_it_gives_pictures_of_the_size_it_says(make: Make) -> None:
    """A picture decodes to height by width by three, as announced."""
    with make() as source:
        (first,) = pictures(source, 1)
        assert first.decode().shape == (first.height, first.width, 3) == (180, 320, 3)
        assert source.codec


def test_its_times_never_run_backwards(make: Make) -> None:
    """Both times go forward, also beyond the end of a looped recording."""
    with make() as source:
        seen = pictures(source, 30)
    media = [picture.media_s for picture in seen]
    mono = [picture.mono_s for picture in seen]
    assert media == sorted(media)
    assert mono == sorted(mono)
    assert 0.8 < media[-1] - media[0] < 2.0


def test_it_can_be_left_in_the_middle_and_opened_again(make: Make) -> None:
    """Leaving frees the camera; a fresh source of the same camera works at once."""
    for _ in range(2):
        with make() as source:
            assert len(pictures(source, 3)) == 3


def test_its_pictures_are_ours_to_change(make: Make) -> None:
    """A decoded picture can be drawn on: masks need that."""
    with make() as source:
        (first,) = pictures(source, 1)
        image = first.decode()
        image[:] = 0
        assert not image.any()
