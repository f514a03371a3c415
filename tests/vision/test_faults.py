"""From what a library says to a reason a clerk can act on, without secrets."""

from __future__ import annotations

import errno

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.errors import SourceError, SourceFault
from vision.sources.faults import source_error, without_secrets

URL = "rtsp://admin:geheim@10.0.0.9/live"


@pytest.mark.parametrize(
    ("error", "opening", "fault"),
    [
        (av.HTTPUnauthorizedError(1, "401"), True, SourceFault.WRONG_PASSWORD),
        (av.HTTPForbiddenError(1, "403"), True, SourceFault.WRONG_PASSWORD),
        (av.HTTPNotFoundError(1, "404"), True, SourceFault.NO_SUCH_PATH),
        (av.ConnectionRefusedError(errno.ECONNREFUSED, "no"), True, SourceFault.REFUSED),
        (av.OSError(errno.EHOSTUNREACH, "no"), True, SourceFault.NO_ROUTE),
        (av.ExitError(1, "time"), True, SourceFault.NO_ROUTE),
        (av.ExitError(1, "time"), False, SourceFault.STALLED),
        (av.TimeoutError(errno.ETIMEDOUT, "time"), False, SourceFault.STALLED),
        (av.DecoderNotFoundError(1, "no"), True, SourceFault.CODEC_NOT_SUPPORTED),
        (av.InvalidDataError(1, "bad"), True, SourceFault.NOT_A_VIDEO),
        (av.FileNotFoundError(errno.ENOENT, "no"), True, SourceFault.NO_SUCH_FILE),
        (av.EOFError(1, "end"), False, SourceFault.ENDED),
        (ValueError("odd"), True, SourceFault.OTHER),
        (SourceError(SourceFault.STALLED, "mine"), True, SourceFault.STALLED),
    ],
)
def test_each_failure_has_its_reason(error: Exception, opening: bool, fault: SourceFault) -> None:
    """The library's exception becomes one of the closed set of reasons."""
    assert source_error(error, URL, opening=opening).fault is fault


ODD = st.text(
    st.characters(codec="ascii", exclude_characters=" \t\r\n'\"", categories=["L", "N", "P"]),
    min_size=4,
)


@given(ODD)
def test_a_password_never_survives(password: str) -> None:
    """However odd it is, neither the URL in a message nor the bare text keeps it."""
    secret = f"Zq{password}"
    url = f"rtsp://admin:{secret}@10.0.0.9:554/live"
    said = without_secrets(f"cannot open {url} ({url})", url)
    assert secret not in said
    assert "10.0.0.9" in said


def test_a_password_in_the_query_goes_too() -> None:
    """Some recorders want it there."""
    said = without_secrets("open rtsp://10.0.0.9/ch1?user=admin&password=geheim&channel=1 failed")
    assert "geheim" not in said
    assert "channel=1" in said
