"""Voices, loudspeakers and a clock that do what a test asks of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from broadcast.announcements import FINAL_STATES, Announcement, PlayState, Priority, Receipt
from broadcast.clip import Clip
from broadcast.errors import SpeakerError, VoiceError
from broadcast.speakers.silent import SilentSpeaker
from tests.waiting import wait_for

RATE_HZ = 16_000


class FastClock:
    """A clock that runs some times faster than the world."""

    def __init__(self, speed: float = 20.0) -> None:
        self._speed = speed

    def now(self) -> float:
        return time.monotonic() * self._speed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / self._speed)


class NoiseVoice:
    """Speaks noise: as long as asked, and the same for the same text."""

    language = "cmn"

    def __init__(self, seconds: float = 1.0) -> None:
        self.id = f"noise-{seconds}"
        self.spoken: list[str] = []
        self._seconds = seconds

    def speak(self, text: str) -> Clip:
        self.spoken.append(text)
        random = np.random.default_rng(len(text))
        samples = random.normal(0, 3000, round(self._seconds * RATE_HZ))
        return Clip(samples.astype(np.int16), RATE_HZ)

    def probe(self) -> str:
        return ""

    def close(self) -> None:
        return


class MuteVoice(NoiseVoice):
    """Cannot speak."""

    def speak(self, text: str) -> Clip:
        raise VoiceError("The voice has lost its voice.")


class WaitingVoice(NoiseVoice):
    """Speaks only once it is let."""

    def __init__(self, seconds: float = 1.0) -> None:
        super().__init__(seconds)
        self.let = threading.Event()

    def speak(self, text: str) -> Clip:
        self.let.wait(20)
        return super().speak(text)


class RecordingSpeaker(SilentSpeaker):
    """Remembers what it took and when."""

    def __init__(self, speaker_id: str = "recording", *, zone: str = "") -> None:
        super().__init__(speaker_id, zone=zone)
        self.opened: list[str] = []
        self.blocks: list[tuple[float, bytes]] = []
        self.stopped_at: list[float] = []

    def open(self, announcement_id: str, rate_hz: int) -> None:
        super().open(announcement_id, rate_hz)
        self.opened.append(announcement_id)
        self.blocks = []

    def write(self, block: bytes) -> int:
        self.blocks.append((time.monotonic(), block))
        return super().write(block)

    def stop(self) -> None:
        self.stopped_at.append(time.monotonic())


class UnpluggedSpeaker(SilentSpeaker):
    """Cannot be opened until it is plugged in."""

    plugged = False

    def open(self, announcement_id: str, rate_hz: int) -> None:
        if not self.plugged:
            raise SpeakerError("The loudspeaker is not plugged in.")
        super().open(announcement_id, rate_hz)


class FullSpeaker(SilentSpeaker):
    """Takes nothing, ever."""

    def write(self, block: bytes) -> int:
        return 0


class HungSpeaker(SilentSpeaker):
    """Does not come back from a write until it is let."""

    def __init__(self, speaker_id: str) -> None:
        super().__init__(speaker_id)
        self.let = threading.Event()

    def write(self, block: bytes) -> int:
        self.let.wait(20)
        return super().write(block)


class BrokenSpeaker(SilentSpeaker):
    """Has a mistake in its program."""

    def write(self, block: bytes) -> int:
        raise RuntimeError("a mistake")


class Letterbox:
    """Collects receipts and waits for them."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []

    def __call__(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    def states(self, announcement: str, speaker: str | None = None) -> list[PlayState]:
        return [
            receipt.state
            for receipt in self.receipts
            if receipt.announcement == announcement and speaker in (None, receipt.speaker)
        ]

    def get(self, announcement: str, state: PlayState, timeout_s: float = 10.0) -> Receipt:
        return self._wait(
            lambda receipt: receipt.announcement == announcement and receipt.state == state,
            f"{state} of {announcement}",
            timeout_s,
        )

    def end_of(self, announcement: str, speaker: str, timeout_s: float = 10.0) -> Receipt:
        return self._wait(
            lambda receipt: (
                (receipt.announcement, receipt.speaker) == (announcement, speaker)
                and receipt.state in FINAL_STATES
            ),
            f"the end of {announcement} on {speaker}",
            timeout_s,
        )

    def _wait(self, wanted: Callable[[Receipt], bool], what: str, timeout_s: float) -> Receipt:
        return wait_for(
            lambda: next((receipt for receipt in self.receipts if wanted(receipt)), None),
            timeout_s=timeout_s,
            what=what,
        )


def announcement(
    announcement_id: str = "a",
    priority: Priority = Priority.TALK_DOWN,
    *,
    text: str = "请立即离开",
    chime: bool = False,
    **more: object,
) -> Announcement:
    """An announcement with everything that a test does not care about."""
    return Announcement(announcement_id, text, priority, chime=chime, **more)  # type: ignore[arg-type]
