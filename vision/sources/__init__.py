"""Sources: cameras over RTSP, recordings that behave like cameras, and drawn pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vision.errors import SourceError, SourceFault
from vision.settings import CameraSpec
from vision.sources.pace import Pace
from vision.sources.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from vision.gate.decoder import GatedDecoder

__all__ = ["Source", "open_source"]

NETWORK = ("rtsp://", "rtsps://")


def open_source(
    spec: CameraSpec,
    pace: Callable[[], Pace] | None = None,
    gate: Callable[[], GatedDecoder] | None = None,
) -> Source:
    """The source for a camera's `url`, not yet opened.

    Args:
        spec: The camera.
        pace: Gives the pace of a recording; real time if not given.
        gate: Gives what decides what is decoded; everything if not given. Pictures that are
            drawn need none.

    Raises:
        SourceError: The address is of a kind that is not served.
    """
    # Imported here: a worker loads only what its cameras need.
    if spec.url.lower().startswith(NETWORK):
        from vision.sources.rtsp import RtspSource  # noqa: PLC0415

        return RtspSource(spec.url, transport=spec.transport, gate=gate() if gate else None)
    chosen = pace() if pace is not None else None
    if spec.url == "synthetic:":
        from vision.sources.synthetic import SyntheticSource  # noqa: PLC0415

        return SyntheticSource(pace=chosen)
    path = spec.url.removeprefix("file://")
    if "://" in path:
        kind = path.split("://", 1)[0]
        raise SourceError(SourceFault.OTHER, f"{kind}:// is not served; use rtsp:// or a file")
    from vision.sources.file import FileSource  # noqa: PLC0415

    return FileSource(Path(path), loop=spec.loop, pace=chosen, gate=gate() if gate else None)
