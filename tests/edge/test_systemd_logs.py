"""The log: one line per event, and no secret in it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from edge.logs import set_up_logging, without_secrets


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """Give the logger of the tests back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)


def written(environ: dict[str, str], level: int = logging.INFO) -> io.StringIO:
    stream = io.StringIO()
    set_up_logging(stream=stream, environ=environ, level=level)
    return stream


def test_an_event_is_one_line() -> None:
    """Time, level, place and the event; a line break inside it is written as two characters."""
    stream = written({})
    logging.getLogger("edge.x").info("camera.lost camera=%s text=%s", "a", "one\ntwo")
    line = stream.getvalue()
    assert line.endswith("Z level=info at=edge.x camera.lost camera=a text=one\\ntwo\n")
    assert line.count("\n") == 1


def test_the_journal_gets_a_priority_and_no_time() -> None:
    """Under systemd the level is a prefix that the journal understands."""
    stream = written({"JOURNAL_STREAM": "8:1"}, logging.DEBUG)
    logging.getLogger("x").debug("a")
    logging.getLogger("x").warning("b")
    logging.getLogger("x").error("c")
    assert stream.getvalue().splitlines() == [
        "<7>level=debug at=x a",
        "<4>level=warning at=x b",
        "<3>level=error at=x c",
    ]


def test_an_exception_stays_on_its_line() -> None:
    """Kind, sentence and the way to it, innermost first, on one line."""
    stream = written({})
    try:
        int("bad\nrtsp://u:geheim@host/")
    except ValueError:
        logging.getLogger("x").exception("worker.failed worker=1")
    line = stream.getvalue()
    assert "error=ValueError said=" in line
    assert "rtsp://***@host/" in line
    assert 'trace="' in line
    assert line.count("\n") == 1
    assert "geheim" not in line


@pytest.mark.parametrize(
    "text",
    [
        "open rtsp://admin:geheim@192.0.2.1:554/live",
        "open rtsp://admin:ge/heim@geheim@192.0.2.1/",
        "password=geheim",
        "password_hash: 'geheim geheim'",
        '{"token": "geheim"}',
        "GET /join?token=geheim&x=1",
        "Authorization: Bearer geheimgeheim",
        "set-cookie=geheim; path=/",
        "mqtt_password = geheim",
    ],
)
def test_secrets_are_starred_out(text: str) -> None:
    """Passwords and tokens never reach the log, however they are written."""
    assert "geheim" not in without_secrets(text)
    assert "***" in without_secrets(text)


def test_what_is_no_secret_stays() -> None:
    """Paths of secret files, hosts and mail-like words are needed to find a fault."""
    for text in ("password_file=/etc/pw", "open rtsp://192.0.2.1/live", "grid=a@b port=1"):
        assert without_secrets(text) == text
