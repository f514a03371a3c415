"""A real vision worker in which a camera `crash:FILE` kills the process while FILE exists.

Run as `python tests/fakes/crashing_worker.py --fd N`. The death is a true one: memory that is not
there is read in the camera's own thread, as a video library does that a stream has misled.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vision import worker
from vision.frames import Picture
from vision.settings import CameraSpec
from vision.sources import Source, open_source
from vision.sources.synthetic import SyntheticSource

PICTURES_BEFORE = 3


class Hostile(SyntheticSource):
    """Gives some pictures, then takes the process down if it shall."""

    trap: Path

    def __iter__(self) -> Iterator[Picture]:
        for number, picture in enumerate(super().__iter__()):
            if number >= PICTURES_BEFORE and self.trap.exists():
                ctypes.string_at(1)
            yield picture


def _open(spec: CameraSpec, **named: Any) -> Source:
    kind, _, path = spec.url.partition(":")
    if kind != "crash":
        return open_source(spec, **named)
    source = Hostile()
    source.trap = Path(path)
    return source


if __name__ == "__main__":
    vars(worker)["open_source"] = _open
    status = worker.main()
    sys.stderr.flush()
    os._exit(status)
