"""Turn what the video library says into one of the reasons a clerk can act on."""

from __future__ import annotations

import errno
import re

import av

from vision.errors import SourceError, SourceFault

LONGEST_DETAIL = 400
"""Characters of the library's words that are kept."""

_USER_INFO = re.compile(r"(?<=://)[^\s'\"]*@")
_IN_QUERY = re.compile(r"(?i)(passw(?:or)?d|passwd|pwd|pass|token|secret)=[^&\s'\"]*")
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EIO}


def without_secrets(text: str, url: str = "") -> str:
    """Remove user names and passwords of URLs from a text.

    Args:
        text: Anything that may quote a URL.
        url: The URL in use, so that its user information goes even where it is oddly written.
    """
    if "://" in url and "@" in url:
        secret = url.split("://", 1)[1].rsplit("@", 1)[0]
        text = text.replace(f"{secret}@", "***@")
    return _IN_QUERY.sub(r"\1=***", _USER_INFO.sub("***@", text))


def source_error(error: BaseException, url: str, *, opening: bool) -> SourceError:
    """The `SourceError` for what the library raised while opening or reading `url`."""
    if isinstance(error, SourceError):
        return error
    detail = without_secrets(f"{type(error).__name__}: {error}", url)[:LONGEST_DETAIL]
    return SourceError(_fault(error, opening=opening, network="://" in url), detail)


def _fault(error: BaseException, *, opening: bool, network: bool) -> SourceFault:  # noqa: PLR0911 - one line per reason
    match error:
        case av.HTTPUnauthorizedError() | av.HTTPForbiddenError():
            return SourceFault.WRONG_PASSWORD
        case av.HTTPNotFoundError():
            return SourceFault.NO_SUCH_PATH
        case av.ExitError() | TimeoutError():
            # ExitError: the library's own interrupt, which PyAV uses for its time-outs.
            return SourceFault.NO_ROUTE if opening else SourceFault.STALLED
        case ConnectionRefusedError():
            return SourceFault.REFUSED
        case FileNotFoundError() | NotADirectoryError():
            return SourceFault.NO_SUCH_FILE
        case av.DecoderNotFoundError():
            return SourceFault.CODEC_NOT_SUPPORTED
        case av.InvalidDataError() | IsADirectoryError() | av.DemuxerNotFoundError():
            return SourceFault.NOT_A_VIDEO
        case av.EOFError() | ConnectionResetError() | BrokenPipeError():
            return SourceFault.ENDED
        case OSError() if network and error.errno in _UNREACHABLE:
            return SourceFault.NO_ROUTE
    return SourceFault.OTHER
