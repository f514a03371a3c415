"""What every loudspeaker promises."""

from __future__ import annotations

import os
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from broadcast.speakers.alsa import AlsaSpeaker
from broadcast.speakers.file import FileSpeaker
from broadcast.speakers.horns.driver import build_horn
from broadcast.speakers.horns.plan import HornPlan
from broadcast.speakers.http import HttpSpeaker
from broadcast.speakers.registry import SPEAKERS, SpeakerPlan, build_speaker
from broadcast.speakers.rtp import RtpSpeaker, RtpTarget
from broadcast.speakers.silent import SilentSpeaker
from broadcast.speakers.speaker import Speaker
from tests.broadcast.horns import HttpHorn, RtpHorn
from tests.requirements import need

RATE_HZ = 22_050
PCM = (np.arange(RATE_HZ // 2) % 20_000).astype("<i2").tobytes()
BLOCK = 882


@dataclass
class Subject:
    """A speaker, and what it sounded: None where that cannot be heard."""

    speaker: Speaker
    heard: Callable[[], bytes] | None


def _alsa(folder: Path) -> Subject:
    need("aplay")
    captured = folder / "captured.raw"
    (folder / ".asoundrc").write_text(
        f'pcm.cap {{ type file slave.pcm "null" file "{captured}" format "raw" }}'
    )
    speaker = AlsaSpeaker("horn", "cap", environment={**os.environ, "HOME": str(folder)})
    return Subject(speaker, captured.read_bytes)


def _file(folder: Path) -> Subject:
    def heard() -> bytes:
        newest = max(folder.glob("*.wav"), key=lambda path: path.stat().st_mtime_ns)
        with wave.open(str(newest), "rb") as file:
            return file.readframes(file.getnframes())

    return Subject(FileSpeaker("horn", folder), heard)


def _rtp(_: Path) -> Subject:
    horn = RtpHorn()
    target = RtpTarget(horn.address, codec="l16", rate_hz=RATE_HZ)
    return Subject(RtpSpeaker("horn", target), lambda: horn.last().astype("<i2").tobytes())


def _newest(horn: HttpHorn) -> bytes:
    return horn.sounds()[-1].pcm()


def _http(_: Path) -> Subject:
    horn = HttpHorn()
    plan = HornPlan("horn", url=horn.url)
    return Subject(HttpSpeaker("horn", build_horn(plan)), lambda: _newest(horn))


SUBJECTS: dict[str, Callable[[Path], Subject]] = {
    "alsa": _alsa,
    "file": _file,
    "http": _http,
    "rtp": _rtp,
    "silent": lambda _: Subject(SilentSpeaker("horn"), None),
}


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    """Each speaker in turn."""
    return SUBJECTS[request.param](tmp_path)


def _write_all(speaker: Speaker, pcm: bytes) -> None:
    deadline = time.monotonic() + 10
    while pcm:
        assert time.monotonic() < deadline, "the sink is stuck"
        pcm = pcm[speaker.write(pcm[:BLOCK]) :]


def _drain(speaker: Speaker) -> None:
    deadline = time.monotonic() + 10
    while not speaker.drain():
        assert time.monotonic() < deadline, "the sink is stuck"


def test_every_registered_kind_is_under_contract() -> None:
    """A new kind of speaker has to be added here."""
    assert SUBJECTS.keys() == SPEAKERS.keys()
    for kind in SPEAKERS:
        assert build_speaker(SpeakerPlan("a", kind, zone="z")).zone == "z"


def test_everything_sounds_in_order(subject: Subject) -> None:
    """What the sink got is what was written, every sample in its place."""
    speaker = subject.speaker
    speaker.open("a", RATE_HZ)
    _write_all(speaker, PCM)
    _drain(speaker)
    speaker.close()
    assert speaker.accepted_bytes == len(PCM)
    if subject.heard is not None:
        heard = subject.heard()
        # A sound card is fed whole periods; what follows the sound is silence.
        assert heard[: len(PCM)] == PCM
        assert not any(heard[len(PCM) :])


def test_stop_is_at_once_and_another_may_follow(subject: Subject) -> None:
    """Silence within a tenth of a second, and the next announcement is whole."""
    speaker = subject.speaker
    speaker.open("a", RATE_HZ)
    _write_all(speaker, PCM[: BLOCK * 4])
    before = time.monotonic()
    speaker.stop()
    assert time.monotonic() - before < 0.2
    speaker.open("b", RATE_HZ)
    assert speaker.accepted_bytes == 0
    _write_all(speaker, PCM)
    _drain(speaker)
    speaker.close()
    assert speaker.accepted_bytes == len(PCM)


def test_stop_and_close_are_harmless_at_any_time(subject: Subject) -> None:
    """Nobody has to remember what was open."""
    for _ in range(2):
        subject.speaker.stop()
        subject.speaker.close()
    subject.speaker.open("a", RATE_HZ)
    subject.speaker.close()
    subject.speaker.stop()
    subject.speaker.open("b", RATE_HZ)
    _write_all(subject.speaker, PCM)
    _drain(subject.speaker)
    assert subject.speaker.accepted_bytes == len(PCM)
    subject.speaker.close()


def test_proof_is_of_the_known_forms(subject: Subject) -> None:
    """None, bytes, or a path that exists."""
    speaker = subject.speaker
    assert speaker.proof == "none"
    speaker.open("a", RATE_HZ)
    _write_all(speaker, PCM)
    _drain(speaker)
    proof = speaker.proof
    speaker.close()
    if proof.startswith("file:"):
        assert Path(proof.removeprefix("file:")).is_file()
    else:
        assert proof in {"none", "bytes"}


def test_a_working_speaker_has_no_complaint(subject: Subject) -> None:
    """The doctor hears nothing when all is well."""
    assert subject.speaker.probe() == ""
