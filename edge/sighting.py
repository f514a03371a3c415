"""The latest look of each camera, as its worker sent it; kept in memory and never on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vision.reports import SightReport


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look.

    Attributes:
        report: As the worker sent it.
        mono_s: When it arrived.
    """

    report: SightReport
    mono_s: float


class SightBoard:
    """Bounded by the cameras it was made with.

    Args:
        cameras: Their ids.
        ask: Asks a camera's worker for its next look, with a picture or without; returns at once.
        monotonic: Seconds.
    """

    def __init__(
        self,
        cameras: Iterable[str],
        *,
        ask: Callable[[str, bool], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._cameras = tuple(cameras)
        self._latest: dict[str, Sighting] = {}
        self._shown: dict[str, Sighting] = {}
        self._ask = ask
        self._monotonic = monotonic

    def take(self, report: SightReport) -> None:
        """Put a look on the board."""
        if report.camera in self._cameras:
            self._latest[report.camera] = sighting = Sighting(report, self._monotonic())
            if report.jpeg:
                self._shown[report.camera] = sighting

    @property
    def cameras(self) -> tuple[str, ...]:
        return self._cameras

    def ask(self, camera: str, *, picture: bool = True) -> None:
        """Somebody looks at the camera's page, or wants to know what it has learnt."""
        if camera in self._cameras:
            self._ask(camera, picture)

    def latest(self, camera: str) -> Sighting | None:
        """The newest numbers."""
        return self._latest.get(camera)

    def shown(self, camera: str) -> Sighting | None:
        """The newest look with a picture."""
        return self._shown.get(camera)
