"""How well a place is watched, counted as the rules of 雪亮工程 count it.

The four figures are those of the national goal 全域覆盖、全网共享、全时可用、全程可控:

- 覆盖率 coverage: key public places with at least one networked camera, of all key places;
- 联网率 networked: cameras that are connected to the platform, of all that were built;
- 在线率 online: networked cameras that give pictures now, of all that are networked;
- 高清率 HD: networked cameras of at least 1280 × 720 pixels, of all networked ones whose picture
  size is known.

A camera of a hub that is offline is networked and not online. Nothing is 100 % where there is
nothing to count: such a rate is None.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from edge.township.store.records import Hub

HD_PIXELS = 1280 * 720
GIVES_PICTURES = frozenset({"watching", "degraded"})
ANSWERS = frozenset({"online", "degraded"})

CameraClass = Literal["", "1", "2", "3"]
"""一类 public security, 二类 other public bodies, 三类 private; empty where nobody said."""


@dataclass(frozen=True, slots=True)
class CameraFact:
    """One camera as it counts.

    Attributes:
        networked: Its hub has told us of it.
        online: It gives pictures now, and its hub can be heard.
        width, height: In pixels; 0 while unknown.
    """

    hub: str
    id: str
    village: str = ""
    grid: str = ""
    camera_class: CameraClass = ""
    networked: bool = True
    online: bool = False
    width: int = 0
    height: int = 0

    @property
    def hd(self) -> bool | None:
        """Whether it is 高清; None while its picture was never seen."""
        pixels = self.width * self.height
        return pixels >= HD_PIXELS if pixels else None


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """A key place (重点公共区域) that should be covered, and the cameras that look at it."""

    village: str
    grid: str
    cameras: tuple[tuple[str, str], ...] = ()
    """(hub, camera) ids."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts and what follows from them."""

    built: int = 0
    networked: int = 0
    online: int = 0
    sized: int = 0
    hd: int = 0
    places: int = 0
    covered: int = 0

    @property
    def networked_rate(self) -> float | None:
        return _rate(self.networked, self.built)

    @property
    def online_rate(self) -> float | None:
        return _rate(self.online, self.networked)

    @property
    def hd_rate(self) -> float | None:
        return _rate(self.hd, self.sized)

    @property
    def coverage_rate(self) -> float | None:
        return _rate(self.covered, self.places)


def cameras_of(hubs: Iterable[Hub], *, now: float, offline_after_s: float) -> list[CameraFact]:
    """The cameras that hubs told us of, as they count at this moment (Unix seconds)."""
    facts: list[CameraFact] = []
    for hub in hubs:
        heard = hub.last_seen is not None and now - hub.last_seen <= offline_after_s
        answers = heard and hub.state in ANSWERS
        facts += [
            CameraFact(
                hub.id,
                camera.id,
                hub.village,
                hub.grid,
                online=answers and camera.state in GIVES_PICTURES,
                width=camera.width,
                height=camera.height,
            )
            for camera in hub.cameras
        ]
    return facts


def rates(cameras: Iterable[CameraFact], places: Iterable[PlaceFact] = ()) -> Rates:
    """All of them together."""
    known = list(cameras)
    networked = [camera for camera in known if camera.networked]
    ids = {(camera.hub, camera.id) for camera in networked}
    wanted = list(places)
    return Rates(
        built=len(known),
        networked=len(networked),
        online=sum(camera.online for camera in networked),
        sized=sum(camera.hd is not None for camera in networked),
        hd=sum(camera.hd is True for camera in networked),
        places=len(wanted),
        covered=sum(any(camera in ids for camera in place.cameras) for place in wanted),
    )


def rates_by(
    what: Literal["village", "grid"],
    cameras: Iterable[CameraFact],
    places: Iterable[PlaceFact] = (),
) -> dict[str, Rates]:
    """One line for each village or grid, by its name or code."""
    key: Callable[[CameraFact | PlaceFact], str] = lambda fact: str(getattr(fact, what))  # noqa: E731
    seen: defaultdict[str, tuple[list[CameraFact], list[PlaceFact]]] = defaultdict(lambda: ([], []))
    for camera in cameras:
        seen[key(camera)][0].append(camera)
    for place in places:
        seen[key(place)][1].append(place)
    return {name: rates(*facts) for name, facts in sorted(seen.items())}


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None
