"""A loudspeaker on the network that is given each announcement whole, over HTTP."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

import numpy as np

from broadcast.clip import Clip, wav_from_clip
from broadcast.errors import SpeakerError
from broadcast.speakers.horns.driver import HornDriver
from broadcast.speakers.speaker import PATIENCE_S

log = logging.getLogger(__name__)

STOP_PATIENCE_S = 0.1


class HttpSpeaker:
    """One thread talks to the horn, so that a slow one never holds up a caller.

    Whoever has the whole sound gives it to `take_whole` after `open`; then it is on its way at
    once. Else it is sent when all was written. What the horn has not answered is not accepted.

    Args:
        volume: 0 to 100, set before each announcement; None leaves it.
    """

    def __init__(
        self, speaker_id: str, horn: HornDriver, *, zone: str = "", volume: int | None = None
    ) -> None:
        self.id = speaker_id
        self.zone = zone
        self._horn = horn
        self._volume = volume
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._playing: _Playing | None = None

    @property
    def accepted_bytes(self) -> int:
        playing = self._playing
        return playing.written if playing is not None and playing.answered.is_set() else 0

    @property
    def proof(self) -> str:
        return "bytes" if self.accepted_bytes else "none"

    def open(self, announcement_id: str, rate_hz: int) -> None:
        self.stop()
        self._playing = _Playing(announcement_id, rate_hz)

    def take_whole(self, pcm: bytes) -> None:
        """Send all of it now; what is written afterwards is this sound and only counted."""
        playing = self._opened()
        playing.sound, playing.sent = bytearray(pcm), True
        self._do(lambda: self._play(playing))

    def write(self, block: bytes) -> int:
        playing = self._opened()
        if playing.sent:
            playing.settled.wait(PATIENCE_S)
            self._demand(playing)
            if not playing.answered.is_set():
                return 0
        else:
            playing.sound += block
        playing.written += len(block)
        return len(block)

    def drain(self) -> bool:
        playing = self._playing
        if playing is None or playing.ended or not playing.sound:
            return True
        if not playing.sent:
            playing.sent = True
            self._do(lambda: self._play(playing))
        playing.settled.wait(PATIENCE_S)
        self._demand(playing)
        left_s = playing.ends_s - time.monotonic()
        if not playing.settled.is_set() or left_s > PATIENCE_S:
            time.sleep(PATIENCE_S if playing.settled.is_set() else 0)
            return False
        playing.ended = True
        return True

    def stop(self) -> None:
        playing = self._playing
        if playing is None or playing.cancelled:
            return
        playing.cancelled = True
        if playing.sent and not playing.ended:
            done = threading.Event()
            self._do(lambda: self._silence(done))
            done.wait(STOP_PATIENCE_S)

    def close(self) -> None:
        self.stop()

    def probe(self) -> str:
        try:
            self._horn.probe()
        except SpeakerError as error:
            return str(error)
        return ""

    def _opened(self) -> _Playing:
        if self._playing is None or self._playing.cancelled:
            raise SpeakerError(f"Loudspeaker {self.id} was not opened.")
        return self._playing

    def _demand(self, playing: _Playing) -> None:
        if playing.fault is not None:
            raise SpeakerError(str(playing.fault)) from playing.fault

    def _do(self, job: Callable[[], None]) -> None:
        if self._thread is None:
            name = f"horn-{self.id}"
            self._thread = threading.Thread(target=_work, args=(self._jobs,), name=name)
            self._thread.daemon = True
            self._thread.start()
        self._jobs.put(job)

    def _play(self, playing: _Playing) -> None:
        if playing.cancelled:
            return
        samples = np.frombuffer(bytes(playing.sound), dtype="<i2").astype(np.int16)
        clip = Clip(samples, playing.rate_hz)
        try:
            if self._volume is not None:
                self._horn.set_volume(self._volume)
            self._horn.play(wav_from_clip(clip), playing.announcement)
        except SpeakerError as error:
            playing.fault = error
        else:
            playing.ends_s = time.monotonic() + clip.seconds
            playing.answered.set()
        playing.settled.set()

    def _silence(self, done: threading.Event) -> None:
        try:
            self._horn.stop()
        except SpeakerError as error:
            log.warning("horn not silenced speaker=%s error=%s", self.id, error)
        done.set()


class _Playing:
    """One announcement on its way: its sound, and what the horn said to it."""

    def __init__(self, announcement: str, rate_hz: int) -> None:
        self.announcement = announcement
        self.rate_hz = rate_hz
        self.sound = bytearray()
        self.written = 0
        self.sent = self.cancelled = self.ended = False
        self.fault: SpeakerError | None = None
        self.settled = threading.Event()
        self.answered = threading.Event()
        self.ends_s = 0.0


def _work(jobs: queue.SimpleQueue[Callable[[], None]]) -> None:
    while True:
        job = jobs.get()
        try:
            job()
        except Exception:
            log.exception("horn failed")
