"""Turn an announcement into the sound that every loudspeaker will play, once, in the background."""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass

from broadcast.announcements import Announcement, Priority
from broadcast.assembling import assemble
from broadcast.beat import Beat
from broadcast.cache import ClipCache, key_of
from broadcast.chime import chime
from broadcast.clip import Clip
from broadcast.errors import BroadcastError, VoiceError
from broadcast.loudness import level
from broadcast.reading import read_mandarin
from broadcast.voices.voice import Voice

log = logging.getLogger(__name__)

RECIPE = "1"
"""Part of each cache key: raise it when reading or levelling changes what words sound like."""
BACKGROUND = len(Priority)
CHIME_ONLY_RATE_HZ = 22_050
CHIME_ALONE_UP_TO = Priority.TALK_DOWN
IDLE_S = 0.5
READERS: dict[str, Callable[[str], str]] = {"cmn": read_mandarin}


@dataclass(frozen=True, slots=True)
class Rendering:
    """Sound that is ready to play.

    Attributes:
        fault: Why the words are missing, when only the chime could be made; else empty.
    """

    clip: Clip
    fault: str = ""


class Renderer:
    """One thread that speaks words into clips, the most urgent first.

    When the voice fails, a warning still has its chime: people look up. Its rendering says so.

    Args:
        level_lufs: Loudness of the words, EBU R 128.
        now: Seconds, monotonic.
    """

    def __init__(
        self, voice: Voice, cache: ClipCache, *, level_lufs: float, now: Callable[[], float]
    ) -> None:
        self._voice = voice
        self._cache = cache
        self._level_lufs = level_lufs
        self._beat = Beat(now)
        self._work = threading.Condition()
        self._jobs: list[tuple[int, int, Callable[[], None]]] = []
        self._arrivals = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="broadcast-voice", daemon=True)
        self.fault = ""

    def start(self) -> None:
        self._beat.give()
        self._thread.start()

    def request(self, announcement: Announcement) -> Future[Rendering]:
        """The sound of an announcement, ready at once when its words are in the cache.

        The future never holds an exception other than a BroadcastError.
        """
        ready: Future[Rendering] = Future()
        words = self._cache.get(self._key(announcement.text))
        if words is not None:
            ready.set_result(Rendering(self._assembled(announcement, words)))
        else:
            self._enqueue(announcement.priority, lambda: self._fulfil(ready, announcement))
        return ready

    def warm(self, texts: Iterable[str]) -> None:
        """Speak these into the cache when nothing else is to be done."""
        for text in texts:
            self._enqueue(BACKGROUND, lambda text=text: self._warm_one(text))  # type: ignore[misc]

    def fresh(self, max_age_s: float) -> bool:
        return self._thread.is_alive() and self._beat.age_s <= max_age_s

    def close(self, timeout_s: float) -> None:
        with self._work:
            self._closing = True
            self._work.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._voice.close()

    def _enqueue(self, rank: int, job: Callable[[], None]) -> None:
        with self._work:
            self._arrivals += 1
            heapq.heappush(self._jobs, (rank, self._arrivals, job))
            self._work.notify()

    def _run(self) -> None:
        while True:
            with self._work:
                while not self._jobs and not self._closing:
                    self._beat.give()
                    self._work.wait(IDLE_S)
                if self._closing:
                    return
                _, _, job = heapq.heappop(self._jobs)
            self._beat.give()
            try:
                job()
            except Exception:
                log.exception("rendering failed")

    def _fulfil(self, ready: Future[Rendering], announcement: Announcement) -> None:
        try:
            ready.set_result(self._render(announcement))
        except BroadcastError as error:
            ready.set_exception(error)
        except Exception:
            log.exception("rendering failed announcement=%s", announcement.id)
            ready.set_exception(VoiceError("The words could not be made into sound."))

    def _render(self, announcement: Announcement) -> Rendering:
        try:
            words = self._words(announcement.text)
        except BroadcastError as error:
            if not announcement.chime or announcement.priority > CHIME_ALONE_UP_TO:
                raise
            log.warning("chime alone announcement=%s error=%s", announcement.id, error)
            bell = chime(announcement.priority, CHIME_ONLY_RATE_HZ, self._level_lufs)
            return Rendering(assemble(None, chime=bell), f"Only the chime was sounded. {error}")
        return Rendering(self._assembled(announcement, words))

    def _warm_one(self, text: str) -> None:
        try:
            words = self._words(text)
            for priority in Priority:  # they are kept, too: the first alarm must not wait for them
                chime(priority, words.rate_hz, self._level_lufs)
        except BroadcastError as error:
            log.warning("phrase not prepared error=%s", error)

    def _words(self, text: str) -> Clip:
        key = self._key(text)
        words = self._cache.get(key)
        if words is None:
            try:
                words = level(self._voice.speak(self._read(text)), self._level_lufs)
            except BroadcastError as error:
                self.fault = str(error)
                raise
            self.fault = ""
            self._cache.put(key, words)
        return words

    def _key(self, text: str) -> str:
        return key_of(RECIPE, self._voice.id, f"{self._level_lufs:.1f}", text)

    def _read(self, text: str) -> str:
        reader = READERS.get(self._voice.language)
        return reader(text) if reader else text

    def _assembled(self, announcement: Announcement, words: Clip) -> Clip:
        before = None
        if announcement.chime:
            before = chime(announcement.priority, words.rate_hz, self._level_lufs)
        return assemble(words, chime=before, repeat=announcement.repeat)
