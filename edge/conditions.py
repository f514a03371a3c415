"""What can be wrong with the box itself, looked at once a second and said in plain words."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Condition:
    """One fault of the box.

    Attributes:
        kind: Kind of the incident it becomes, for example `speaker_fault`.
        detail: Which one, or a word of why.
        sentence: What the pages say.
    """

    kind: str
    severity: str
    holds: bool
    detail: str = ""
    sentence: str = ""


class Examination(Protocol):
    """Looks at one thing; quick, never raises."""

    def __call__(self) -> Condition: ...


def free_mb(folder: Path) -> int:
    """Megabytes that are free where the state folder lies; 0 when it cannot be told."""
    try:
        return shutil.disk_usage(folder).free // MEGABYTE
    except OSError:
        return 0


def size_mb(folder: Path) -> int:
    """Megabytes of the disk on which the state folder lies; 0 when it cannot be told."""
    try:
        return shutil.disk_usage(folder).total // MEGABYTE
    except OSError:
        return 0


def disk(folder: Path, *, least_mb: int) -> Examination:
    """Too little room for evidence."""

    def look() -> Condition:
        free = free_mb(folder)
        return Condition(
            "disk_full",
            "urgent",
            holds=free < least_mb,
            detail=f"{free} MB",
            sentence=f"Only {free} MB are free in {folder}, and {least_mb} MB are needed. Remove "
            "files that are not needed, or use a larger card.",
        )

    return look


def speakers(faults: Callable[[], Iterable[tuple[str, str]]]) -> Examination:
    """A loudspeaker that takes no sound, by (id, sentence)."""

    def look() -> Condition:
        broken = list(faults())
        return Condition(
            "speaker_fault",
            "urgent",
            holds=bool(broken),
            detail=", ".join(name for name, _ in broken),
            sentence=" ".join(sentence for _, sentence in broken),
        )

    return look


def workers(faults: Callable[[], Iterable[str]]) -> Examination:
    """A vision worker that cannot do its work, for example for want of a model."""

    def look() -> Condition:
        sentences = list(faults())
        return Condition(
            "vision_fault",
            "urgent",
            holds=bool(sentences),
            sentence=" ".join(dict.fromkeys(sentences)),
        )

    return look


def damaged_store(aside: Callable[[], Path | None]) -> Examination:
    """A database that was found damaged at start and set aside, until the township knows of it."""

    def look() -> Condition:
        path = aside()
        return Condition(
            "store_fault", "urgent", holds=path is not None, detail=path.name if path else ""
        )

    return look
