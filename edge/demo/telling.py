"""What the demonstration says on the terminal: addresses, one live line, the result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from edge.demo.ledger import Ledger
from edge.hub import Hub
from edge.store.records import Incident
from edge.words import Words

PLAIN_EVERY_S = 5.0
"""Where nobody looks at a terminal, a status line is written this often."""


class Teller:
    """Writes for people; on a terminal the status line is rewritten in place."""

    def __init__(self, out: TextIO, words: Words) -> None:
        self._out = out
        self.words = words
        self._live = out.isatty()
        self._width = 0
        self._last_s = 0.0

    def begin(self, *, village: tuple[str, str], township: tuple[str, str]) -> None:
        """Say where the pages are and how to get in: (address, one-time link) each."""
        for key, (address, link) in (("township", township), ("village", village)):
            self._line(self.words(f"demo.{key}", address=address))
            self._line(self.words("demo.link", link=link))
        self._line(self.words("demo.stop"))

    def incident(self, incident: Incident) -> None:
        """A new incident, on a line of its own."""
        key = f"kind.{incident.kind}"
        kind = self.words(key) if key in self.words else incident.kind
        self._line(
            self.words(
                "demo.incident",
                time=time.strftime("%H:%M:%S", time.localtime(incident.opened.wall_s)),
                kind=kind,
                camera=incident.camera_name,
                zone=incident.zone_name,
            )
        )

    def status(self, ledger: Ledger, hub: Hub, alerts: int) -> None:
        """The live line."""
        watching = sum(c.state.value == "watching" for c in ledger.cameras.values())
        link = hub.link.status()
        text = self.words(
            "demo.status",
            watching=watching,
            cameras=len(ledger.cameras),
            frames=ledger.frames_analysed,
            alerts=alerts,
            queued=link.queued,
            spoken=len(ledger.started),
        )
        now = time.monotonic()
        if self._live:
            self._out.write("\r" + text + " " * max(0, self._width - len(text)))
            self._width = len(text)
            self._out.flush()
        elif now - self._last_s >= PLAIN_EVERY_S:
            self._last_s = now
            self._line(text)

    def end(self) -> None:
        if self._live:
            self._out.write("\n")

    def result(self, summary: Mapping[str, Any], sound_folder: Path | None) -> None:
        """What came of it, in a few lines."""
        played = [a for a in summary["announcements"] if a["state"] == "finished"]
        self._line(
            self.words(
                "demo.result",
                incidents=len(summary["incidents"]),
                alerts=len(summary["alerts_received"]),
                played=len(played),
            )
        )
        if sound_folder is not None and played:
            self._line(self.words("demo.sound", path=played[-1]["file"] or sound_folder))
        for sentence in summary["errors"]:
            self._line(f"! {self.words.plain(sentence)}")

    def _line(self, text: str) -> None:
        if self._live and self._width:
            self._out.write("\r" + " " * self._width + "\r")
            self._width = 0
        self._out.write(text + "\n")
        self._out.flush()
