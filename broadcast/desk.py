"""One loudspeaker at work: its queue, its thread, and a receipt for all that becomes of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from broadcast.announcements import FINAL_STATES, Announcement, PlayState, Receipt
from broadcast.arbiter import Arbiter, Change, expired
from broadcast.beat import Beat
from broadcast.clip import SAMPLE_BYTES
from broadcast.errors import BroadcastError, SpeakerError
from broadcast.pacing import Pace
from broadcast.rendering import Rendering
from broadcast.speakers.speaker import Speaker, WholeTaker
from broadcast.zones import Zones

log = logging.getLogger(__name__)

BLOCK_S = 0.02
AHEAD_S = 0.3
"""How far the samples run ahead of time: more than one sound card's buffer."""
STALLED_S = 5.0
IDLE_S = 0.5


@dataclass(frozen=True, slots=True)
class SpeakerStatus:
    """How a loudspeaker is doing.

    Attributes:
        playing: Id of the announcement on air, else empty.
        queue_length: How many wait.
        fault: Why the last announcement failed; empty once one played.
        healthy: Its thread lives and it has no fault.
        last_sound_mono_s: When a sink last took samples; None before the first.
    """

    id: str
    playing: str
    queue_length: int
    fault: str
    healthy: bool
    last_sound_mono_s: float | None


class _Cut(Exception):
    """What plays has to stop; the way out of playing, with the arbiter's verdict."""

    def __init__(self, verdict: Change) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class Desk:
    """Plays announcements on one speaker in a thread of its own.

    Args:
        post: Takes each receipt and returns at once.
        pace: The clock, and how to wait on it.
        zones: Says when the speaker's zone is to be spared.
    """

    def __init__(
        self,
        speaker: Speaker,
        post: Callable[[Receipt], None],
        pace: Pace,
        zones: Zones | None = None,
    ) -> None:
        self.speaker = speaker
        self._zones = zones or Zones()
        self._post = post
        self._pace = pace
        self._lock = threading.Condition()
        self._arbiter = Arbiter()
        self._ready: dict[str, Future[Rendering]] = {}
        self._cut = threading.Event()
        self._closing = False
        self._seconds = 0.0
        self._fault = ""
        self._last_sound_s: float | None = None
        self._beat = Beat(pace.now)
        name = f"broadcast-{speaker.id}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._beat.give()
        self._thread.start()

    def state_of(self, announcement_id: str) -> PlayState | None:
        with self._lock:
            return self._arbiter.state_of(announcement_id)

    def submit(self, announcement: Announcement, ready: Future[Rendering]) -> PlayState:
        """Queue an announcement; its state now. Its sound may come later."""
        with self._lock:
            if self._arbiter.state_of(announcement.id) is None:
                self._ready[announcement.id] = ready
                self._tell(self._arbiter.submit(announcement, self._pace.now()))
                self._wake()
            state = self._arbiter.state_of(announcement.id)
        ready.add_done_callback(self._on_ready)
        return state or PlayState.FAILED

    def stop(self, announcement_id: str | None, reason: str) -> None:
        with self._lock:
            self._tell(self._arbiter.stop(announcement_id, reason))
            self._wake()

    def status(self) -> SpeakerStatus:
        with self._lock:
            playing = self._arbiter.on_air
            return SpeakerStatus(
                id=self.speaker.id,
                playing=playing.id if playing else "",
                queue_length=len(self._arbiter.queue),
                fault=self._fault,
                healthy=self._thread.is_alive() and not self._fault,
                last_sound_mono_s=self._last_sound_s,
            )

    def fresh(self, max_age_s: float) -> bool:
        return self._thread.is_alive() and self._beat.age_s <= max_age_s

    def close(self, reason: str) -> None:
        """Cancel everything and let the thread end; `join` waits for it."""
        with self._lock:
            self._closing = True
            self._tell(self._arbiter.stop(None, reason))
            self._wake()

    def join(self, timeout_s: float) -> None:
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _on_ready(self, _ready: Future[Rendering]) -> None:
        with self._lock:
            self._lock.notify_all()

    def _wake(self) -> None:
        if self._arbiter.verdict() is not None:
            self._cut.set()
        self._lock.notify_all()

    def _tell(self, changes: list[Change]) -> None:
        """Post a receipt for each change; the lock is held, so that their order is the truth."""
        for change in changes:
            self._report(change)

    def _report(self, change: Change, *, seconds: float = 0.0) -> None:
        if change.state in FINAL_STATES:
            self._ready.pop(change.announcement, None)
        self._post(
            Receipt(
                announcement=change.announcement,
                speaker=self.speaker.id,
                state=change.state,
                at_mono_s=self._pace.now(),
                seconds=round(seconds, 3),
                reason=change.reason,
                proof=self.speaker.proof if seconds else "none",
            )
        )

    def _run(self) -> None:
        while True:
            self._beat.give()
            with self._lock:
                chosen, changes = self._arbiter.take(self._pace.now())
                self._tell(changes)
                if chosen is None:
                    if self._closing:
                        return
                    self._lock.wait(IDLE_S)
                    continue
                self._cut.clear()
                self._wake()
            self._attend(chosen)

    def _attend(self, announcement: Announcement) -> None:
        """Play one announcement to its end, whatever that is."""
        try:
            rendering = self._await_sound(announcement)
            if rendering is not None and self._admitted(announcement, rendering):
                self._play(announcement, rendering)
        except _Cut as cut:
            self.speaker.stop()
            with self._lock:
                self._end(cut.verdict.state, cut.verdict.reason)
        except BroadcastError as error:
            self._fail(announcement, str(error), speaker=isinstance(error, SpeakerError))
        except Exception:
            log.exception("playing failed speaker=%s", self.speaker.id)
            self._fail(announcement, "An unforeseen fault ended the playing.", speaker=True)

    def _fail(self, announcement: Announcement, reason: str, *, speaker: bool) -> None:
        self.speaker.stop()
        log.warning(
            "announcement failed id=%s speaker=%s reason=%s",
            announcement.id, self.speaker.id, reason,
        )  # fmt: skip
        with self._lock:
            if speaker:
                self._fault = reason
            self._end(PlayState.FAILED, reason)

    def _end(self, state: PlayState, reason: str = "") -> None:
        if self._arbiter.on_air is not None:
            self._report(self._arbiter.end(state, reason), seconds=self._seconds)
        self._seconds = 0.0

    def _await_sound(self, announcement: Announcement) -> Rendering | None:
        """The sound when it is ready; None when the announcement left the air before it was."""
        with self._lock:
            ready = self._ready[announcement.id]
            while True:
                self._beat.give()
                if (verdict := self._arbiter.verdict()) is not None:
                    if verdict.state is PlayState.INTERRUPTED:
                        self._arbiter.put_back()
                    else:
                        self._end(verdict.state, verdict.reason)
                    return None
                if expired(announcement, self._pace.now()):
                    self._end(PlayState.MISSED, "Its time had passed before it could start.")
                    return None
                if ready.done():
                    return ready.result()
                self._lock.wait(IDLE_S / 10)

    def _admitted(self, announcement: Announcement, rendering: Rendering) -> bool:
        seconds = rendering.clip.seconds
        reason = self._zones.admit(self.speaker.zone, announcement, seconds)
        if reason:
            with self._lock:
                self._end(PlayState.MISSED, reason)
        return not reason

    def _play(self, announcement: Announcement, rendering: Rendering) -> None:
        clip = rendering.clip.softer(announcement.volume)
        pcm, rate = clip.pcm(), clip.rate_hz * SAMPLE_BYTES
        block = round(BLOCK_S * clip.rate_hz) * SAMPLE_BYTES
        self.speaker.open(announcement.id, clip.rate_hz)
        if isinstance(self.speaker, WholeTaker):
            self.speaker.take_whole(pcm)
        begun_s = moved_s = self._pace.now()
        written = 0
        while written < len(pcm):
            self._wait_until(begun_s + written / rate - AHEAD_S)
            taken = self.speaker.write(pcm[written : written + block])
            written += taken
            moved_s = self._note(rate, moved_s if not taken else self._pace.now())
        self._wait_until(begun_s + clip.seconds)
        moved_s = self._pace.now()
        while not self.speaker.drain():
            self._wait_until(self._pace.now())
            self._note(rate, moved_s)
        self._note(rate, moved_s)
        self.speaker.close()
        with self._lock:
            self._fault = ""
            if rendering.fault:
                self._end(PlayState.FAILED, rendering.fault)
            else:
                self._end(PlayState.FINISHED)

    def _wait_until(self, at_s: float) -> None:
        """Wait for the moment; _Cut when the announcement has to stop."""
        self._beat.give()
        with self._lock:
            self._tell(self._arbiter.expire(self._pace.now()))
        while self._pace.until(at_s, self._cut):
            with self._lock:
                verdict = self._arbiter.verdict()
                if verdict is not None:
                    raise _Cut(verdict)
                self._cut.clear()  # what was more urgent has left the queue again

    def _note(self, rate: int, moved_s: float) -> float:
        """Keep what the sink took; tell when it took the first; SpeakerError when it is stuck."""
        now_s = self._pace.now()
        accepted_s = self.speaker.accepted_bytes / rate
        if accepted_s > self._seconds:
            first = not self._seconds
            self._seconds, self._last_sound_s = accepted_s, now_s
            if first:
                with self._lock:
                    self._report(self._arbiter.started(), seconds=accepted_s)
        elif now_s - moved_s > STALLED_S:
            raise SpeakerError(
                f"Loudspeaker {self.speaker.id} has taken no sound for {STALLED_S:.0f} s. "
                "Check its sound card."
            )
        return moved_s
