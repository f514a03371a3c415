"""The front of broadcast: say this, stop that, how are the loudspeakers?"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from broadcast.announcements import FINAL_STATES, Announcement, PlayState, Receipt
from broadcast.cache import ClipCache
from broadcast.desk import Desk, SpeakerStatus
from broadcast.loudness import TARGET_LUFS
from broadcast.pacing import Pace, Wait
from broadcast.receipts import ReceiptPost
from broadcast.rendering import Renderer
from broadcast.speakers.speaker import Speaker
from broadcast.voices.voice import Voice
from broadcast.zones import Zones

log = logging.getLogger(__name__)

VOICE_PATIENCE_S = 20.0
"""A voice has its own time limit and a second chance; only beyond them is its thread stuck."""


@dataclass(frozen=True, slots=True)
class PlayerStatus:
    """How broadcast is doing.

    Attributes:
        voice_fault: Why the last words could not be spoken; empty once some were.
    """

    speakers: tuple[SpeakerStatus, ...]
    voice_fault: str

    @property
    def healthy(self) -> bool:
        speakers_well = bool(self.speakers) and all(each.healthy for each in self.speakers)
        return speakers_well and not self.voice_fault


class Broadcaster:
    """Says announcements on loudspeakers, the most urgent first.

    Each loudspeaker has its own thread and queue, the voice has one, and so have the receipts:
    none waits for another. Every announcement has, for each speaker it is for, a receipt QUEUED,
    a receipt STARTED when the sink takes the first sample, and exactly one final receipt, which
    may come without the ones before it where it never started.

    Args:
        on_receipt: Called from one thread, in order; what it raises is logged.
        cache_folder: Keeps spoken words for the next start; None keeps them in memory alone.
        level_lufs: Loudness of the words, EBU R 128.
        zones: Which speakers a zone has and when it is spared.
        wait: How to wait on the clock `monotonic`; tests may turn both.
    """

    def __init__(
        self,
        voice: Voice,
        speakers: Sequence[Speaker],
        on_receipt: Callable[[Receipt], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Event.wait,
        cache_folder: Path | None = None,
        level_lufs: float = TARGET_LUFS,
        zones: Zones | None = None,
    ) -> None:
        self._zones = zones or Zones()
        pace = Pace(monotonic, wait)
        self._now = monotonic
        self._post = ReceiptPost(on_receipt, monotonic)
        self._renderer = Renderer(
            voice, ClipCache(cache_folder), level_lufs=level_lufs, now=monotonic
        )
        self._desks = tuple(
            Desk(speaker, self._post.post, pace, self._zones) for speaker in speakers
        )
        self._saying = threading.Lock()
        self._closed = False

    def start(self) -> None:
        self._post.start()
        self._renderer.start()
        for desk in self._desks:
            desk.start()

    def say(self, announcement: Announcement) -> PlayState:
        """Queue an announcement and return at once.

        Returns:
            QUEUED; or for an id that is known, its state, which stays unchanged. With several
            speakers, the state of the one that is furthest from its end.
        """
        with self._saying:
            desks = [
                desk
                for desk in self._desks
                if self._zones.serves(desk.speaker.zone, announcement.zone)
            ]
            if not desks or self._closed:
                return self._refuse(announcement)
            known = [desk.state_of(announcement.id) for desk in desks]
            if any(known):
                return _together([state for state in known if state])
            log.info(
                "announcement queued id=%s priority=%s speakers=%d",
                announcement.id, announcement.priority.name, len(desks),
            )  # fmt: skip
            ready = self._renderer.request(announcement)
            return _together([desk.submit(announcement, ready) for desk in desks])

    def stop(
        self, announcement_id: str | None = None, reason: str = "It was stopped by hand."
    ) -> None:
        """Cancel one announcement, or all with None, on every speaker."""
        for desk in self._desks:
            desk.stop(announcement_id, reason)

    def warm(self, texts: Iterable[str]) -> None:
        """Speak these into the cache in the background, so that they start at once later."""
        self._renderer.warm(texts)

    def status(self) -> PlayerStatus:
        speakers = tuple(desk.status() for desk in self._desks)
        return PlayerStatus(speakers, self._renderer.fault)

    def fresh(self, max_age_s: float) -> bool:
        """Whether every thread lives and gave a sign of it within this time."""
        return (
            self._post.fresh(max_age_s)
            and self._renderer.fresh(max(max_age_s, VOICE_PATIENCE_S))
            and all(desk.fresh(max_age_s) for desk in self._desks)
        )

    def close(self, timeout_s: float = 5.0) -> None:
        """Fall silent, hand over the last receipts and let go of everything."""
        with self._saying:
            self._closed = True
        deadline = time.monotonic() + timeout_s
        for desk in self._desks:
            desk.close("The broadcasting was switched off.")
        for desk in self._desks:
            desk.join(max(0.0, deadline - time.monotonic()))
        self._renderer.close(max(0.0, deadline - time.monotonic()))
        self._post.close(max(0.1, deadline - time.monotonic()))

    def _refuse(self, announcement: Announcement) -> PlayState:
        reason = "No loudspeaker is set up for it; add one to the settings."
        if self._closed:
            reason = "The broadcasting is switched off."
        elif self._desks:
            reason = f"No loudspeaker serves the zone {announcement.zone!r}."
        log.warning("announcement refused id=%s reason=%s", announcement.id, reason)
        self._post.post(
            Receipt(announcement.id, "", PlayState.FAILED, at_mono_s=self._now(), reason=reason)
        )
        return PlayState.FAILED


def _together(states: Sequence[PlayState]) -> PlayState:
    """The state of the speaker that is furthest from its end; FINISHED beats other ends."""
    order = (PlayState.STARTED, PlayState.QUEUED, PlayState.FINISHED, *sorted(FINAL_STATES))
    return min(states, key=order.index)
