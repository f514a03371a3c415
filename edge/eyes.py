"""The hub's way to its running workers: which of them watches a camera, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from edge.supervisor import WorkerSupervisor
from vision.settings import WorkerSpec
from vision.tuning import Tuning


class Eyes:
    """Finds the worker of a camera.

    Args:
        supervisors: Those of the hub; the list may grow after it was given.
    """

    def __init__(self, supervisors: Sequence[WorkerSupervisor]) -> None:
        self._supervisors = supervisors

    def show(self, camera: str, picture: bool) -> None:
        """Ask for the next look of a camera; one that nobody watches is not asked."""
        for supervisor in self._of(camera):
            supervisor.show(camera, picture=picture)

    def tune(self, camera: str, tuning: Tuning) -> None:
        """Give a camera another tuning, at once and for good."""
        for supervisor in self._of(camera):
            supervisor.tune(camera, tuning)

    def _of(self, camera: str) -> Iterable[WorkerSupervisor]:
        return (one for one in self._supervisors if camera in one.cameras)


def tuned(specs: Iterable[WorkerSpec], tuning: Callable[[str], Tuning]) -> tuple[WorkerSpec, ...]:
    """The same workers, each camera with what people accepted for it."""
    return tuple(
        replace(spec, cameras=tuple(replace(c, tuning=tuning(c.id)) for c in spec.cameras))
        for spec in specs
    )
