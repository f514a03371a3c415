"""The voice that every box has: espeak-ng, kept warm in a process of its own."""

from __future__ import annotations

import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from broadcast.clip import Clip, clip_from_pcm
from broadcast.errors import VoiceError
from broadcast.voices import espeak_frames as frames

log = logging.getLogger(__name__)

WORDS_A_MINUTE = 150
"""A little slower than espeak's own 175: a horn outdoors echoes."""
ATTEMPTS = 2


class EspeakVoice:
    """espeak-ng behind two pipes.

    The process is started by the first sentence, stays for the next one, and is replaced when
    it died or does not answer in time; each sentence gets one second chance.
    """

    def __init__(
        self,
        name: str = "cmn",
        *,
        words_a_minute: int = WORDS_A_MINUTE,
        timeout_s: float = 4.0,
        command: Sequence[str] = (sys.executable, "-m", "broadcast.voices.espeak_process"),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = f"espeak-1.52-{name}-{words_a_minute}"
        self.language = name.partition("-")[0]
        self._command = [*command, name, str(words_a_minute), str(timeout_s)]
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child while it lives."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def speak(self, text: str) -> Clip:
        content = text.encode(errors="replace")
        if len(content) > frames.MAX_TEXT_BYTES:
            raise VoiceError(f"The text is too long to be spoken ({len(text)} characters).")
        with self._lock:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return self._ask(content)
                except (OSError, TimeoutError) as error:
                    self._stop()
                    log.warning("voice child lost attempt=%d error=%s", attempt, error)
        raise VoiceError("The voice process does not answer; it was started again in vain.")

    def probe(self) -> str:
        try:
            self.speak("好" if self.language == "cmn" else "yes")
        except VoiceError as error:
            return str(error)
        return ""

    def close(self) -> None:
        with self._lock:
            self._stop()

    def _ask(self, content: bytes) -> Clip:
        deadline = self._monotonic() + self._timeout_s
        child = self._running(deadline)
        self._write(child, frames.REQUEST.pack(len(content)) + content, deadline)
        rate_hz, sound = self._answer(child, deadline)
        if not sound:
            raise VoiceError("The text contains nothing that can be spoken.")
        return clip_from_pcm(sound, rate_hz)

    def _running(self, deadline: float) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._stop()
        self._child = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            process_group=0,  # Ctrl-C is for the hub, which then closes the voice in order
        )
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None  # noqa: S101 - both were asked for a line above
            os.set_blocking(pipe.fileno(), False)
        self._answer(self._child, deadline)
        log.info("voice child started pid=%d", self._child.pid)
        return self._child

    def _answer(self, child: subprocess.Popen[bytes], deadline: float) -> tuple[int, bytes]:
        head = self._read(child, frames.ANSWER.size, deadline)
        status, rate_hz, length = frames.ANSWER.unpack(head)
        if length > frames.MAX_SOUND_BYTES:
            raise OSError(f"the voice process announced {length} bytes")
        body = self._read(child, length, deadline)
        if status != frames.OK:
            raise VoiceError(f"The voice cannot speak: {body.decode(errors='replace')}.")
        return rate_hz, body

    def _read(self, child: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
        assert child.stdout is not None  # noqa: S101 - started with a pipe
        received = bytearray()
        while len(received) < size:
            self._await(child.stdout.fileno(), selectors.EVENT_READ, deadline)
            piece = os.read(child.stdout.fileno(), min(size - len(received), 1 << 16))
            if not piece:
                raise OSError("the voice process ended")
            received += piece
        return bytes(received)

    def _write(self, child: subprocess.Popen[bytes], content: bytes, deadline: float) -> None:
        assert child.stdin is not None  # noqa: S101 - started with a pipe
        rest = memoryview(content)
        while rest:
            self._await(child.stdin.fileno(), selectors.EVENT_WRITE, deadline)
            rest = rest[os.write(child.stdin.fileno(), rest) :]

    def _await(self, descriptor: int, event: int, deadline: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, event)
            if not selector.select(max(0.0, deadline - self._monotonic())):
                raise TimeoutError(f"the voice process is silent for {self._timeout_s} s")

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        child.wait()
