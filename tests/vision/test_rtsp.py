"""What a camera on the network does wrong, and what we call it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.rtsp import RtspCamera, encoded, write_units
from tests.fakes.videos import walking
from vision.errors import SourceError, SourceFault
from vision.sources.rtsp import RtspSource

pytestmark = pytest.mark.rtsp


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_units(tmp_path_factory.mktemp("rtsp") / "units", encoded(walking(20), 10))


@pytest.fixture
def guarded(units: Path, free_port: int) -> Iterator[RtspCamera]:
    with RtspCamera(free_port, units, auth="admin:geheim-7") as camera:
        yield camera


def failure(url: str, **options: float) -> SourceError:
    with pytest.raises(SourceError) as caught, RtspSource(url, **options) as source:  # type: ignore[arg-type]
        for _ in source:
            pass
    return caught.value


def test_a_wrong_password_is_called_so_and_not_repeated(guarded: RtspCamera) -> None:
    """The reason is the password, and the password is in no text."""
    error = failure(guarded.url.replace("://", "://admin:not-this@"))
    assert error.fault is SourceFault.WRONG_PASSWORD
    assert "not-this" not in f"{error} {error.detail} {error!r}"


def test_no_password_at_all_is_a_wrong_password(guarded: RtspCamera) -> None:
    """A camera that asks for a password we do not have."""
    assert failure(guarded.url).fault is SourceFault.WRONG_PASSWORD


def test_the_right_password_opens(guarded: RtspCamera) -> None:
    """Basic authentication works."""
    with RtspSource(guarded.url.replace("://", "://admin:geheim-7@")) as source:
        assert next(iter(source)).width == 320


def test_a_wrong_path_is_called_so(guarded: RtspCamera) -> None:
    """The server knows us but not the stream."""
    url = guarded.url.replace("://", "://admin:geheim-7@").replace("/live", "/nothing")
    error = failure(url)
    assert error.fault is SourceFault.NO_SUCH_PATH
    assert "geheim" not in error.detail


def test_a_closed_port_is_refused(free_port: int) -> None:
    """Nobody listens there."""
    assert failure(f"rtsp://127.0.0.1:{free_port}/live").fault is SourceFault.REFUSED


def test_a_host_that_never_answers_is_no_route() -> None:
    """The opening time-out ends the wait."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live"
        assert failure(url, open_timeout_s=0.5).fault is SourceFault.NO_ROUTE


def test_a_name_that_does_not_exist_is_no_route() -> None:
    """A host nobody knows."""
    assert failure("rtsp://camera.invalid/live").fault is SourceFault.NO_ROUTE


def test_something_that_is_not_rtsp_is_no_video() -> None:
    """A web page at the camera's address."""
    with socket.socket() as web:
        web.bind(("127.0.0.1", 0))
        web.listen()
        url = f"rtsp://127.0.0.1:{web.getsockname()[1]}/live"

        def answer() -> None:
            peer, _ = web.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

        thread = threading.Thread(target=answer)
        thread.start()
        error = failure(url, open_timeout_s=2.0)
        thread.join()
    assert error.fault in {SourceFault.NOT_A_VIDEO, SourceFault.ENDED, SourceFault.OTHER}


def test_silence_is_a_stall(units: Path, free_port: int) -> None:
    """A server that keeps the session but sends nothing more."""
    with RtspCamera(free_port, units, stall_after_s=1.5) as camera:
        error = failure(camera.url, read_timeout_s=1.0)
    assert error.fault is SourceFault.STALLED


def test_a_server_that_goes_away_ends_the_session(units: Path, free_port: int) -> None:
    """Unplugged in the middle: an error, never a quiet end."""
    camera = RtspCamera(free_port, units)
    camera.__enter__()

    def watch() -> None:
        with RtspSource(camera.url) as source:
            for number, _ in enumerate(source):
                if number == 3:
                    camera.__exit__(None, None, None)

    with pytest.raises(SourceError) as caught:
        watch()
    assert caught.value.fault in {SourceFault.ENDED, SourceFault.STALLED}
