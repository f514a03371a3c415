"""What the settings say of a horn that is told over HTTP what to play."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HornPlan:
    """How to reach a horn, and in which words.

    Attributes:
        id: Id of the loudspeaker, for sentences.
        url: `https://192.168.1.40`; paths are added to it.
        ca: PEM file of who signed the horn's certificate; None takes the system's.
        timeout_s: How long each answer is waited for.
        play_path: Takes the WAV as the body of a POST; `{id}` is the announcement's.
        stop_path: POST without a body; empty where the horn has none.
        volume_path: POST without a body, `{volume}` is 0 to 100; empty where it has none.
        probe_path: GET that makes no sound.
        volume: Set before each announcement; None leaves it.
    """

    id: str
    url: str = "http://192.168.1.40"
    driver: str = "generic"
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    timeout_s: float = 4.0
    play_path: str = "/play"
    stop_path: str = "/stop"
    volume_path: str = ""
    probe_path: str = "/"
    volume: int | None = None
