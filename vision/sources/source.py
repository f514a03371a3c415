"""The seam between a camera and the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from vision.frames import Picture


class Source(Protocol):
    """One connection to something that gives pictures.

    Entering opens it, iterating gives its pictures as they come, leaving closes it. An instance
    is used once. The iteration ends only where a recording ends; a camera that stops is an error.
    """

    @property
    def codec(self) -> str:
        """Short name of the video coding, such as `h264`; empty before it is open."""
        ...

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            SourceError: It cannot be opened; within the opening time-out.
        """
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def __iter__(self) -> Iterator[Picture]:
        """The pictures, in order, times never running backwards.

        Raises:
            SourceError: It broke or stalled; within the reading time-out.
        """
        ...
