"""What is particular to each kind of loudspeaker, above all how it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from broadcast.errors import SpeakerError
from broadcast.speakers.alsa import AlsaSpeaker, available_alsa_cards
from broadcast.speakers.file import FileSpeaker
from broadcast.speakers.registry import SpeakerPlan, build_speaker
from tests.requirements import need
from tests.waiting import wait_for

RATE_HZ = 22_050


def test_an_unknown_kind_is_told() -> None:
    """The kinds that there are belong into the sentence."""
    with pytest.raises(SpeakerError, match="alsa, file, http, rtp, silent"):
        build_speaker(SpeakerPlan("a", "trumpet"))


def test_a_missing_aplay_names_its_remedy() -> None:
    """The package to install is in the sentence."""
    assert "alsa-utils" in AlsaSpeaker("horn", environment={"PATH": "/nowhere"}).probe()


def test_a_missing_card_is_told() -> None:
    """A card that is not there fails the announcement with its name, not the programme."""
    need("aplay")
    speaker = AlsaSpeaker("horn", "plughw:CARD=Gone,DEV=0")
    assert "plughw:CARD=Gone" in speaker.probe()
    speaker.open("a", RATE_HZ)

    def refused() -> bool:
        try:
            speaker.write(b"\1\0" * 400)
        except SpeakerError as error:
            return "Check its plug" in str(error)
        return False

    wait_for(refused)
    assert speaker.proof == "none"
    speaker.stop()


def _stand_in_for_aplay(folder: Path, script: str) -> AlsaSpeaker:
    program = folder / "aplay"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return AlsaSpeaker("horn", environment={"PATH": f"{folder}:/usr/bin:/bin"})


def test_what_waits_in_the_pipe_does_not_count(tmp_path: Path) -> None:
    """Samples that the child has not read were not accepted by anybody."""
    speaker = _stand_in_for_aplay(tmp_path, "exec sleep 60")
    speaker.open("a", RATE_HZ)
    taken = 0
    while (more := speaker.write(b"\1\0" * 400)) > 0:
        taken += more
    assert taken > 0
    assert speaker.accepted_bytes == 0
    assert speaker.proof == "none"
    before = time.monotonic()
    speaker.stop()
    assert time.monotonic() - before < 0.2


def test_a_card_pulled_out_while_draining_is_told(tmp_path: Path) -> None:
    """A child that ends badly after the last sample is no success."""
    speaker = _stand_in_for_aplay(tmp_path, "cat >/dev/null; echo 'aplay: x:1: pulled' >&2; exit 1")
    speaker.open("a", RATE_HZ)
    speaker.write(b"\1\0" * 400)
    with pytest.raises(SpeakerError, match="pulled"):
        wait_for(speaker.drain)
    speaker.stop()


def test_a_killed_child_is_told(tmp_path: Path) -> None:
    """A child that is killed from outside fails the announcement at the next block."""
    speaker = _stand_in_for_aplay(tmp_path, "kill -9 $$")
    speaker.open("a", RATE_HZ)
    with pytest.raises(SpeakerError):
        wait_for(lambda: speaker.write(b"\1\0" * 400) < 0)
    speaker.stop()


def test_cards_are_found_by_their_id(tmp_path: Path) -> None:
    """Cards with a playing device are listed by the name that stays; microphones are not."""
    for number, name, devices in [
        (0, "Camera", ["pcm0c"]),
        (2, "Device", ["pcm0p", "pcm0c"]),
        (10, "HDMI", ["pcm3p"]),
    ]:
        for device in devices:
            (tmp_path / f"card{number}" / device).mkdir(parents=True)
        (tmp_path / f"card{number}" / "id").write_text(f"{name}\n")
    found = available_alsa_cards(tmp_path)
    assert [card.device for card in found] == [
        "plughw:CARD=Device,DEV=0",
        "plughw:CARD=HDMI,DEV=3",
    ]
    assert available_alsa_cards(tmp_path / "absent") == ()


def test_a_recording_is_valid_whenever_the_power_goes(tmp_path: Path) -> None:
    """Killed in the middle, the file opens and holds all but the last second."""
    programme = f"""
import os, pathlib
from broadcast.speakers.file import FileSpeaker
speaker = FileSpeaker("f", pathlib.Path({str(tmp_path)!r}))
speaker.open("a", {RATE_HZ})
for _ in range(125):
    speaker.write(bytes([1]) * {RATE_HZ // 25})
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", programme], check=False)
    assert done.returncode == -signal.SIGKILL
    with wave.open(str(tmp_path / "a.wav"), "rb") as file:
        frames = file.getnframes()
        assert frames >= 1.5 * RATE_HZ
        assert file.readframes(frames) == b"\1" * (2 * frames)


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    """Ids come over the network: they name a file, and never a path."""
    speaker = FileSpeaker("f", tmp_path / "sound")
    for name in ("../../etc/passwd", "a/b", "", "\0", "字" * 300):
        speaker.open(name, RATE_HZ)
        speaker.close()
        assert Path(speaker.proof.removeprefix("file:")).parent == tmp_path / "sound"


def test_the_same_name_again_is_another_file(tmp_path: Path) -> None:
    """Nothing that was recorded is written over."""
    speaker = FileSpeaker("f", tmp_path)
    for _ in range(3):
        speaker.open("a", RATE_HZ)
        speaker.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.2.wav", "a.3.wav", "a.wav"]


def test_the_folder_is_bounded(tmp_path: Path) -> None:
    """The oldest recordings make room."""
    speaker = FileSpeaker("f", tmp_path, keep=3)
    for number in range(6):
        speaker.open(f"{number}", RATE_HZ)
        speaker.close()
        os.utime(tmp_path / f"{number}.wav", (number, number))
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["3", "4", "5"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The sentence names the folder."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    speaker = FileSpeaker("f", blocked)
    with pytest.raises(SpeakerError, match="file"):
        speaker.open("a", RATE_HZ)
    assert "Check that the folder" in speaker.probe()


def test_a_speaker_that_was_not_opened_refuses(tmp_path: Path) -> None:
    """A mistake of the caller is a SpeakerError, not lost sound."""
    with pytest.raises(SpeakerError):
        FileSpeaker("f", tmp_path).write(b"\0\0")
    with pytest.raises(SpeakerError):
        AlsaSpeaker("a").write(b"\0\0")
