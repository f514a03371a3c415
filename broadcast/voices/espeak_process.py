"""The process that loads espeak-ng and speaks: `python -m broadcast.voices.espeak_process`.

The library is under the GPL and is C code that reads hostile text, so it lives here alone and
nowhere in the hub's own process. It reads requests from standard input until that ends and
writes answers to what was standard output (see `espeak_frames`). A sentence that takes too long
kills this process by an alarm, so that it never outlives a hub that died.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from broadcast.voices import espeak_frames as frames

AUDIO_OUTPUT_RETRIEVAL = 1
INITIALIZE_DONT_EXIT = 0x8000
POS_CHARACTER = 1
CHARS_UTF8 = 1
PARAMETER_RATE = 1
LONGEST_DATA_PATH = 130
"""espeak-ng keeps the path in a buffer of 160 characters, file names included."""

SYNTH_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class EspeakFault(Exception):  # the parent turns it into a VoiceError
    """The library refused."""


class Espeak:
    """espeak-ng, with the few calls that turn text into samples."""

    def __init__(self, library: str, data: str, voice: str, words_a_minute: int) -> None:
        self._library = ctypes.CDLL(library)
        self._declare()
        self._pieces: list[bytes] = []
        self._callback = SYNTH_CALLBACK(self._collect)
        self.rate_hz = int(
            self._library.espeak_Initialize(
                AUDIO_OUTPUT_RETRIEVAL, 0, os.fsencode(data), INITIALIZE_DONT_EXIT
            )
        )
        if self.rate_hz <= 0:
            raise EspeakFault(f"espeak-ng could not read its voices in {data}")
        self._library.espeak_SetSynthCallback(self._callback)
        # An unknown voice leaves the previous one in place without a sound of complaint.
        self._demand(self._library.espeak_SetVoiceByName(voice.encode()), f"the voice {voice}")
        self._demand(
            self._library.espeak_SetParameter(PARAMETER_RATE, words_a_minute, 0), "the speed"
        )

    def _declare(self) -> None:
        integer, count, text, pointer = (
            ctypes.c_int, ctypes.c_uint, ctypes.c_char_p, ctypes.c_void_p,
        )  # fmt: skip
        prototypes: dict[str, tuple[type[ctypes.c_int] | None, tuple[type, ...]]] = {
            "espeak_Initialize": (integer, (integer, integer, text, integer)),
            "espeak_SetSynthCallback": (None, (SYNTH_CALLBACK,)),
            "espeak_SetVoiceByName": (integer, (text,)),
            "espeak_SetParameter": (integer, (integer, integer, integer)),
            "espeak_Synth": (
                integer,
                (pointer, ctypes.c_size_t, count, integer, count, count, pointer, pointer),
            ),
            "espeak_Synchronize": (integer, ()),
        }
        for name, (result, arguments) in prototypes.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments

    def _demand(self, code: int, what: str) -> None:
        if code:
            raise EspeakFault(f"espeak-ng does not know {what} (code {code})")

    def _collect(self, samples: ctypes.Array[ctypes.c_short], count: int, _events: int) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        return 0

    def speak(self, text: str) -> bytes:
        self._pieces.clear()
        content = text.replace("\0", " ").encode() + b"\0"
        code = self._library.espeak_Synth(
            content, len(content), 0, POS_CHARACTER, 0, CHARS_UTF8, None, None
        )
        self._demand(code, "how to speak these words")
        self._demand(self._library.espeak_Synchronize(), "how to end these words")
        return b"".join(self._pieces)


@contextmanager
def short_path(data: Path) -> Iterator[str]:
    """The data folder by a path that espeak-ng's buffer can hold."""
    if len(os.fsencode(data)) <= LONGEST_DATA_PATH:
        yield str(data)
        return
    with tempfile.TemporaryDirectory(prefix="village-hub-voice-") as scratch:
        link = Path(scratch) / "espeak-ng-data"
        link.symlink_to(data, target_is_directory=True)
        yield str(link)


def answer(out: BinaryIO, status: int, rate_hz: int, body: bytes) -> None:
    out.write(frames.ANSWER.pack(status, rate_hz, len(body)) + body)
    out.flush()


def serve(source: BinaryIO, out: BinaryIO, espeak: Espeak, limit_s: float) -> None:
    """Answer requests until the source ends."""
    answer(out, frames.OK, espeak.rate_hz, b"")
    while len(head := source.read(frames.REQUEST.size)) == frames.REQUEST.size:
        (length,) = frames.REQUEST.unpack(head)
        text = source.read(min(length, frames.MAX_TEXT_BYTES)).decode(errors="replace")
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        try:
            sound = espeak.speak(text)
        except EspeakFault as fault:
            answer(out, frames.FAILED, 0, f"{fault}".encode())
        else:
            answer(out, frames.OK, espeak.rate_hz, sound)
        signal.setitimer(signal.ITIMER_REAL, 0)


def main(arguments: list[str]) -> int:
    """Speak with the voice, speed and time limit (seconds) given; 1 when it cannot start."""
    voice, words_a_minute, limit_s = arguments[0], int(arguments[1]), float(arguments[2])
    # What a library prints must never land between the frames.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        import espeakng_loader  # noqa: PLC0415 - a missing wheel is an answer, not a traceback

        with short_path(Path(espeakng_loader.get_data_path())) as data:
            espeak = Espeak(espeakng_loader.get_library_path(), data, voice, words_a_minute)
            serve(sys.stdin.buffer, out, espeak, limit_s)
    except (ImportError, OSError, RuntimeError, AttributeError, EspeakFault) as fault:
        with suppress(OSError):
            answer(out, frames.FAILED, 0, f"{fault}".encode())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
