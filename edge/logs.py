"""The log: one line per event, key=value, to stderr or the journal, without secrets."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

_SYSLOG = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_IN_URL = re.compile(r"(?<=://)[^\s'\"]*@")
_NAMES = r"[\w-]*(?:passw(?:or)?d|pwd|passphrase|token|secret|cookie|csrf|signature)[\w-]*"
_NAMED = re.compile(rf"(?i)\b({_NAMES})(['\"]?\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s,;&}})]+)")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_PATHS = re.compile(r"(?i)_file$")

TALKATIVE = ("alembic",)
"""Libraries that tell at INFO what only their makers want to know."""

Excuse = tuple[type[BaseException], BaseException, TracebackType | None]


def without_secrets(text: str) -> str:
    """A text for the log: user information of URLs, passwords and tokens are starred out.

    Names that end in `_file` keep their value: it is a path.
    """
    text = _IN_URL.sub("***@", text)
    text = _BEARER.sub(r"\1 ***", text)
    return _NAMED.sub(_starred, text)


def _starred(match: re.Match[str]) -> str:
    return match[0] if _PATHS.search(match[1]) else f"{match[1]}{match[2]}***"


class LineFormatter(logging.Formatter):
    """One line per record: `time level=… at=… event key=value …`.

    Args:
        journal: Whether the journal reads: it knows the time, and wants `<6>` in front.
    """

    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        parts = [f"level={record.levelname.lower()}", f"at={record.name}", record.getMessage()]
        if record.exc_info and record.exc_info[1] is not None:
            parts += _excuse(record.exc_info)
        line = without_secrets(" ".join(parts)).replace("\r", "").replace("\n", "\\n")
        if self._journal:
            return f"<{_priority(record.levelno)}>{line}"
        at = datetime.fromtimestamp(record.created, tz=UTC)
        return f"{at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')} {line}"


def _excuse(excuse: Excuse) -> list[str]:
    kind, error, trace = excuse
    frames = traceback.extract_tb(trace)
    where = " < ".join(f"{f.filename}:{f.lineno}" for f in reversed(frames))
    said = str(error).replace('"', "'")
    return [f'error={kind.__name__} said="{said}"', f'trace="{where}"']


def _priority(level: int) -> int:
    return next((number for least, number in _SYSLOG if level >= least), 7)


def set_up_logging(
    *,
    level: int = logging.INFO,
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Send every record of the process to one handler; a second call replaces it.

    Args:
        level: Least level that is written.
        stream: Where to; stderr if not given.
        environ: Where `JOURNAL_STREAM` says that the journal reads.
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(LineFormatter(journal="JOURNAL_STREAM" in (environ or {})))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
