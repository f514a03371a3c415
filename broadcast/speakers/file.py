"""A loudspeaker that is a folder: one WAV file for each announcement."""

from __future__ import annotations

import os
import re
import struct
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from broadcast.clip import SAMPLE_BYTES
from broadcast.errors import SpeakerError

HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
LONGEST_NAME = 60


def wav_header(rate_hz: int, sound_bytes: int) -> bytes:
    """The 44 bytes before 16-bit samples of one channel."""
    return HEADER.pack(
        b"RIFF", HEADER.size - 8 + sound_bytes, b"WAVE", b"fmt ", 16, 1, 1, rate_hz,
        rate_hz * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES, b"data", sound_bytes,
    )  # fmt: skip


class FileSpeaker:
    """Writes what would have sounded, as it would have sounded.

    The header is written anew after each second of sound, samples first, so that the file is a
    valid WAV of nearly everything whenever the power goes; it is flushed to disk at the end.

    Args:
        keep: Oldest files beyond this many are removed.
    """

    def __init__(self, speaker_id: str, folder: Path, *, zone: str = "", keep: int = 500) -> None:
        self.id = speaker_id
        self.zone = zone
        self.accepted_bytes = 0
        self._folder = folder
        self._keep = keep
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._rate_hz = 0
        self._in_header = 0

    @property
    def proof(self) -> str:
        return f"file:{self._path}" if self._path else "none"

    def open(self, announcement_id: str, rate_hz: int) -> None:
        self.stop()
        self._rate_hz, self.accepted_bytes, self._in_header = rate_hz, 0, 0
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room()
            self._path = self._unused(announcement_id)
            self._file = self._path.open("xb", buffering=0)
            self._file.write(wav_header(rate_hz, 0))
        except OSError as error:
            self.stop()
            raise self._failed(error) from error

    def write(self, block: bytes) -> int:
        if self._file is None:
            raise SpeakerError(f"Loudspeaker {self.id} was not opened.")
        try:
            taken = self._file.write(block) or 0
            self.accepted_bytes += taken
            if self.accepted_bytes - self._in_header >= self._rate_hz * SAMPLE_BYTES:
                self._write_header(self._file)
        except OSError as error:
            raise self._failed(error) from error
        return taken

    def drain(self) -> bool:
        if self._file is not None:
            try:
                self._write_header(self._file)
                os.fsync(self._file.fileno())
            except OSError as error:
                raise self._failed(error) from error
        return True

    def stop(self) -> None:
        with suppress(SpeakerError):
            self.drain()
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def close(self) -> None:
        self.stop()

    def probe(self) -> str:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            trial = self._folder / ".trial"
            trial.write_bytes(b"\0")
            trial.unlink()
        except OSError as error:
            return str(self._failed(error))
        return ""

    def _write_header(self, file: BinaryIO) -> None:
        os.pwrite(file.fileno(), wav_header(self._rate_hz, self.accepted_bytes), 0)
        self._in_header = self.accepted_bytes

    def _unused(self, announcement_id: str) -> Path:
        name = re.sub(r"[^\w-]", "_", announcement_id)[:LONGEST_NAME] or "announcement"
        number = 1
        path = self._folder / f"{name}.wav"
        while path.exists():
            number += 1
            path = self._folder / f"{name}.{number}.wav"
        return path

    def _make_room(self) -> None:
        files = sorted(self._folder.glob("*.wav"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[: max(0, len(files) - self._keep + 1)]:
            path.unlink(missing_ok=True)

    def _failed(self, error: OSError) -> SpeakerError:
        return SpeakerError(
            f"Loudspeaker {self.id} cannot write its sound into the folder {self._folder}: "
            f"{error.strerror or error}. Check that the folder may be written and has room."
        )
