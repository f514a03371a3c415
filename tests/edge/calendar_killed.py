"""A morning of the calendar that ends with kill -9, in a process of its own."""

from __future__ import annotations

import os
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

from broadcast.calendar.rules import CHINA
from edge.clock import SimulatedClock
from edge.programmes import ProgrammeForm
from tests.edge.calendar_year import Box

AT = int(datetime(2026, 11, 23, 7, 0, tzinfo=CHINA).timestamp())


def live_through_a_morning(folder: Path, point: str) -> None:
    """One occurrence on its way to a state; what is spoken goes to a file at once."""
    clock = SimulatedClock(AT - 600)
    box = Box(folder, clock)
    box.horn.spoken = Ledger(folder / "spoken")
    rule = {"repeat": "once", "times": ("07:00",), "first": "2026-11-23"}
    form = ProgrammeForm.model_validate({"title": "早", "text": "早上好。", "rule": rule})
    programme = box.desk.save(form, "小王")
    box.tick()
    if point == "skipped":
        box.desk.skip(programme, AT, "小王")
    if point == "cancelled":
        clock.advance(595)
        box.tick()
        clock.advance(6)
        box.tick()
        box.announcing.stop(None)
    if point in {"planned", "skipped", "cancelled"}:
        die()
    if point == "missed":
        clock.advance(4000)
    if point == "failed":
        box.announcing.calendar_says = lambda _said: None  # type: ignore[method-assign]
    for _ in range(200):
        clock.advance(30)
        box.tick()
    die()


def die() -> None:
    """As the power does it."""
    os.kill(os.getpid(), signal.SIGKILL)


class Ledger(list[Any]):
    """What was spoken, on the disk before anything else happens."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def append(self, one: object) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{one!r}\n")
