"""A loudspeaker on a sound card, through a child `aplay`, which is killed to fall silent."""

from __future__ import annotations

import fcntl
import os
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from broadcast.errors import SpeakerError
from broadcast.speakers.speaker import PATIENCE_S

BUFFER_US = 200_000
PIPE_BYTES = 16_384
"""A small pipe: a card that is stuck is noticed soon, where 64 KiB would hide 1.5 s."""
PROBE_LIMIT_S = 3.0
PROBE_RATE_HZ = 22_050


@dataclass(frozen=True, slots=True)
class AlsaCard:
    """A sound card that can play.

    Attributes:
        id: Its name in ALSA, which stays when the numbers change.
        device: The PCM to give to `AlsaSpeaker`.
    """

    id: str
    device: str


def available_alsa_cards(proc: Path = Path("/proc/asound")) -> tuple[AlsaCard, ...]:
    """Cards with a playing device, in the order of their numbers."""
    cards = []
    for folder in sorted(proc.glob("card[0-9]*"), key=lambda path: int(path.name[4:] or 0)):
        playing = sorted(folder.glob("pcm*p"))
        with suppress(OSError):
            name = (folder / "id").read_text().strip()
            if playing and name:
                number = playing[0].name[3:-1]
                cards.append(AlsaCard(name, f"plughw:CARD={name},DEV={number}"))
    return tuple(cards)


class AlsaSpeaker:
    """Plays through `aplay -D DEVICE`, one child for each announcement.

    Args:
        device: Name of an ALSA PCM, best by the card's id: `plughw:CARD=Device,DEV=0`.
        environment: Environment of the child; None inherits ours.
    """

    def __init__(
        self,
        speaker_id: str,
        device: str = "default",
        *,
        zone: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.id = speaker_id
        self.zone = zone
        self._device = device
        self._environment = None if environment is None else dict(environment)
        self._child: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._written = 0
        self._accepted = 0

    @property
    def proof(self) -> str:
        return "bytes" if self._accepted else "none"

    @property
    def accepted_bytes(self) -> int:
        child = self._child
        if child is not None and child.stdin is not None and not child.stdin.closed:
            self._accepted = max(self._accepted, self._written - _unread(child.stdin.fileno()))
        return self._accepted

    def open(self, announcement_id: str, rate_hz: int) -> None:  # noqa: ARG002 - the seam's shape
        self.stop()
        self._written = self._accepted = 0
        variables = os.environ if self._environment is None else self._environment
        program = shutil.which("aplay", path=variables.get("PATH", os.defpath))
        if program is None:
            raise SpeakerError(
                f"Loudspeaker {self.id} needs the program aplay, which is not installed; "
                "install it with: sudo apt install alsa-utils."
            )
        command = [program, "-q", "-D", self._device, "-t", "raw", "-f", "S16_LE"]
        command += ["-r", str(rate_hz), "-c", "1", f"--buffer-time={BUFFER_US}"]
        # In memory: a full or read-only disk must not silence the loudspeaker.
        self._complaints = os.fdopen(os.memfd_create("aplay"), "w+b")
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                env=self._environment,
                bufsize=0,
                process_group=0,  # Ctrl-C is for the hub, which ends the sound in order
            )
        except OSError as error:
            raise SpeakerError(f"Loudspeaker {self.id} cannot start aplay: {error}.") from error
        os.set_blocking(self._pipe(), False)
        with suppress(OSError):
            fcntl.fcntl(self._pipe(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def write(self, block: bytes) -> int:
        if self._child is None:
            raise SpeakerError(f"Loudspeaker {self.id} was not opened.")
        pipe = self._pipe()
        try:
            if not _writable(pipe):
                self._demand_alive()
                return 0
            taken = os.write(pipe, block)
        except BlockingIOError:
            return 0
        except BrokenPipeError as error:
            raise self._lost() from error
        self._written += taken
        return taken

    def drain(self) -> bool:
        child = self._child
        if child is None or child.stdin is None:
            return True
        if not child.stdin.closed:
            _ = self.accepted_bytes
            child.stdin.close()
        try:
            status = child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            return False
        if status:
            raise self._lost()
        self._accepted = self._written
        return True

    def stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            if child.stdin is not None:
                with suppress(OSError):
                    child.stdin.close()
            child.wait()
        if self._complaints is not None:
            self._complaints.close()
            self._complaints = None

    def close(self) -> None:
        self.stop()

    def probe(self) -> str:
        trial = AlsaSpeaker(self.id, self._device, environment=self._environment)
        deadline = time.monotonic() + PROBE_LIMIT_S
        rest = bytes(PROBE_RATE_HZ // 5)
        try:
            trial.open("probe", PROBE_RATE_HZ)
            while rest and time.monotonic() < deadline:
                rest = rest[trial.write(rest) :]
            while not trial.drain():
                if time.monotonic() > deadline:
                    return f"The sound card {self._device} of loudspeaker {self.id} is stuck."
        except SpeakerError as error:
            return str(error)
        finally:
            trial.stop()
        return ""

    def _pipe(self) -> int:
        assert self._child is not None  # noqa: S101 - asked for only while a child runs
        assert self._child.stdin is not None  # noqa: S101 - started with a pipe
        return self._child.stdin.fileno()

    def _demand_alive(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            raise self._lost()

    def _lost(self) -> SpeakerError:
        said = ""
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(PATIENCE_S)
        if self._complaints is not None:
            self._complaints.seek(0)
            lines = self._complaints.read(4096).decode(errors="replace").strip().splitlines()
            said = re.sub(r"^aplay: \S+ ", "", lines[-1]) if lines else ""
        return SpeakerError(
            f"The sound card {self._device} of loudspeaker {self.id} cannot be played on "
            f"({said or 'aplay ended'}). Check its plug, and the name with: aplay -L."
        )


def _writable(pipe: int) -> bool:
    poll = select.poll()
    poll.register(pipe, select.POLLOUT)
    return bool(poll.poll(PATIENCE_S * 1000))


def _unread(pipe: int) -> int:
    """Bytes in the pipe that the child has not read yet."""
    try:
        answer = fcntl.ioctl(pipe, termios.FIONREAD, b"\0\0\0\0")
    except OSError:
        return 0
    (unread,) = struct.unpack("i", answer)
    return int(unread)
