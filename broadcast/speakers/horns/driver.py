"""The seam to one make of network horn, and how other packages bring their own.

A package offers a driver as an entry point of the group `village_hub.horns`: a callable that
takes a `HornPlan` and returns a `HornDriver`. Its name is what `driver` in the settings says.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Protocol

from broadcast.errors import SpeakerError
from broadcast.speakers.horns.generic import GenericHorn
from broadcast.speakers.horns.plan import HornPlan

GROUP = "village_hub.horns"


class HornDriver(Protocol):
    """Tells one horn what to do; called from one thread, each call blocks until it is answered.

    Every method raises SpeakerError, a complete sentence, when the horn does not do it.
    """

    def play(self, wav: bytes, announcement_id: str) -> None:
        """Start this WAV (16 bits, one channel) at once; return when the horn has it."""
        ...

    def stop(self) -> None:
        """Fall silent; harmless when nothing plays."""
        ...

    def set_volume(self, percent: int) -> None:
        """Set how loud the next `play` is, 0 to 100."""
        ...

    def probe(self) -> None:
        """Reach the horn without a sound."""
        ...


def build_horn(plan: HornPlan) -> HornDriver:
    """The driver that a plan names; our own first.

    Raises:
        SpeakerError: There is no such driver.
    """
    if plan.driver == "generic":
        return GenericHorn(plan)
    offered = entry_points(group=GROUP)
    for point in offered:
        if point.name == plan.driver:
            build: Callable[[HornPlan], HornDriver] = point.load()
            return build(plan)
    known = ", ".join(["generic", *sorted(point.name for point in offered)])
    raise SpeakerError(
        f"Loudspeaker {plan.id} wants the unknown driver {plan.driver!r}; there are: {known}."
    )
