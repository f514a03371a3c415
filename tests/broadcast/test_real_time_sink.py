"""What comes out of a sink that takes sound in real time, recorded at its far end."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from broadcast.announcements import PlayState, Priority
from broadcast.assembling import LEAD_IN_MS, assemble
from broadcast.loudness import level
from broadcast.player import Broadcaster
from broadcast.speakers.alsa import AlsaSpeaker
from tests.broadcast.fakes import RATE_HZ, Letterbox, NoiseVoice, announcement
from tests.requirements import missing, need
from tests.waiting import wait_for

QUIET_WAIT_S = 0.2
LEAD_IN = RATE_HZ * LEAD_IN_MS // 1000


class SoundServer:
    """A PulseAudio of the test's own with one virtual horn, and a recorder at that horn."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._socket = folder / "s"
        self._recording = folder / "r"
        self.environment = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        (folder / ".asoundrc").write_text(
            f'pcm.horn {{ type pulse device "horn" server "unix:{self._socket}" }}'
        )
        native = f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"
        sink = f"module-null-sink sink_name=horn rate={RATE_HZ} channels=1"
        server = [need("pulseaudio"), "-n", "--daemonize=no", "--exit-idle-time=-1"]
        self._run([*server, "--disable-shm", "-L", native, "-L", sink], stack)
        wait_for(self._socket.exists, what="the sound server")
        recorder = [need("parec"), f"--server=unix:{self._socket}", "-d", "horn.monitor"]
        recorder += ["--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=10"]
        self._run(recorder, stack, stdout=self._recording)
        wait_for(lambda: len(self.heard()), what="the recorder")

    def heard(self) -> np.ndarray:
        """Every sample that came out of the horn so far."""
        content = self._recording.read_bytes()
        return np.frombuffer(content[: len(content) // 2 * 2], dtype="<i2")

    def _run(self, command: list[str], stack: ExitStack, stdout: Path | None = None) -> None:
        out = stack.enter_context((stdout or Path(os.devnull)).open("wb"))
        child = subprocess.Popen(
            command, env=self.environment, stdout=out, stderr=subprocess.DEVNULL
        )
        stack.callback(child.wait)
        stack.callback(child.kill)


@pytest.fixture
def server() -> Iterator[SoundServer]:
    """A sound server that plays and records in real time."""
    need("aplay")
    plugins = Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")
    if not any(plugins):
        missing("ALSA's plugin for PulseAudio (libasound2-plugins)")
    # A socket's path has to be short, shorter than a test's own folder may be.
    with tempfile.TemporaryDirectory(prefix="vh") as folder, ExitStack() as stack:
        yield SoundServer(Path(folder), stack)


@pytest.fixture
def play(server: SoundServer) -> Iterator[tuple[Broadcaster, Letterbox, AlsaSpeaker]]:
    """A player on that horn."""
    letters = Letterbox()
    speaker = AlsaSpeaker("horn", "horn", environment=server.environment)
    player = Broadcaster(NoiseVoice(1.5), [speaker], letters)
    player.start()
    yield player, letters, speaker
    player.close()


def _rendered(text: str) -> np.ndarray:
    return assemble(level(NoiseVoice(1.5).speak(text))).samples[LEAD_IN:]


def _place(heard: Callable[[], np.ndarray], wanted: np.ndarray) -> int:
    """Where exactly these samples are in what was heard; waits for them to arrive."""

    def found() -> int:
        return heard().astype("<i2").tobytes().find(wanted.astype("<i2").tobytes()) + 1

    return (wait_for(found, timeout_s=3, what="the samples at the horn") - 1) // 2


def test_the_horn_sounds_every_sample_and_falls_silent_for_danger(
    server: SoundServer, play: tuple[Broadcaster, Letterbox, AlsaSpeaker]
) -> None:
    """A pre-empted notice is gone within 200 ms, and the warning comes out without a gap."""
    player, letters, _ = play
    player.warm(["危险"])
    player.say(announcement("notice", Priority.NOTICE, text="开会", repeat=9))
    begin = _place(server.heard, _rendered("开会")[: RATE_HZ // 2])
    player.say(announcement("danger", Priority.LIFE_SAFETY, text="危险"))
    assert letters.end_of("danger", "horn").state is PlayState.FINISHED
    assert letters.end_of("notice", "horn").state is PlayState.INTERRUPTED
    warning = _rendered("危险")
    place = _place(server.heard, warning[: len(warning) - RATE_HZ // 4])
    before = server.heard()[begin:place]
    quiet = len(before) - 1 - int(np.flatnonzero(before)[-1])
    assert quiet <= LEAD_IN + QUIET_WAIT_S * RATE_HZ


def test_a_player_killed_in_the_middle_is_told_and_the_next_one_sounds(
    server: SoundServer, play: tuple[Broadcaster, Letterbox, AlsaSpeaker]
) -> None:
    """The announcement whose `aplay` died has failed; the next has a new one and sounds whole."""
    player, letters, speaker = play
    player.say(announcement("cut", text="开会", repeat=9))
    letters.get("cut", PlayState.STARTED)
    child = speaker._child
    assert child is not None
    child.kill()
    cut = letters.end_of("cut", "horn")
    assert cut.state is PlayState.FAILED
    assert "horn" in cut.reason
    asked = time.monotonic()
    player.say(announcement("next", text="危险"))
    assert letters.get("next", PlayState.STARTED).at_mono_s - asked < 1
    assert letters.end_of("next", "horn").state is PlayState.FINISHED
    _place(server.heard, _rendered("危险")[:RATE_HZ])
