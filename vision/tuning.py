"""What people told the box to care less about at one camera: a higher score, a piece to ignore.

Fire, smoke and water are never tuned: what is ignored for everything else is looked at for them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self, TypeAlias

FLOOR_KINDS = frozenset({"fire", "smoke", "water_level"})
"""Kinds that no tuning reaches."""

Outline: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A piece of the picture that does not count.

    Attributes:
        kind: For this kind of rule; empty for every kind, and for motion.
        polygon: In fractions of the picture.
    """

    kind: str
    polygon: Outline


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was accepted for one camera.

    Attributes:
        scores: Kind and least best score of an object that counts for it.
        ignored: Pieces that do not count.
    """

    scores: tuple[tuple[str, float], ...] = ()
    ignored: tuple[Ignored, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        """Raises: KeyError, TypeError, ValueError where it is none."""
        scores = tuple((str(kind), float(score)) for kind, score in raw.get("scores", ()))
        ignored = tuple(
            Ignored(str(one["kind"]), tuple((float(x), float(y)) for x, y in one["polygon"]))
            for one in raw.get("ignored", ())
        )
        return cls(scores, ignored)


UNTUNED = Tuning()
