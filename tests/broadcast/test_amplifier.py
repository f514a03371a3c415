"""The amplifier is on when sound needs it, off when not, and off after any death."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from broadcast.amplifier.amplifier import Amplifier
from broadcast.amplifier.relay import (
    ACTIVE_LOW,
    GET_LINE,
    LINE_REQUEST,
    LINE_VALUES,
    OUTPUT,
    SET_VALUES,
    CommandRelay,
    FileRelay,
    GpioRelay,
)
from broadcast.announcements import PlayState
from broadcast.errors import SpeakerError
from broadcast.player import Broadcaster
from broadcast.speakers.amplified import AmplifiedSpeaker
from tests.broadcast.fakes import Letterbox, NoiseVoice, RecordingSpeaker, announcement
from tests.waiting import wait_for


class Line:
    """A relay that remembers when it was switched."""

    def __init__(self) -> None:
        self.switched: list[tuple[float, bool]] = []

    def switch(self, *, on: bool) -> None:
        self.switched.append((time.monotonic(), on))


class StuckLine:
    """A relay that is not there."""

    def switch(self, *, on: bool) -> None:
        raise SpeakerError("The switch of the amplifier (x) does not work: gone.")


def test_it_leads_the_sound_holds_after_it_and_is_off_at_the_start() -> None:
    """Off, on, after the lead the first sample, after the last one the hold, off."""
    line, horn, letters = Line(), RecordingSpeaker("horn"), Letterbox()
    amplifier = Amplifier(line, lead_s=0.3, hold_s=0.3)
    player = Broadcaster(NoiseVoice(0.3), [AmplifiedSpeaker(horn, amplifier)], letters)
    player.start()
    try:
        player.say(announcement("a"))
        player.say(announcement("b", text="再见"))
        first = letters.get("a", PlayState.STARTED).at_mono_s
        assert letters.end_of("a", "horn").state is PlayState.FINISHED
        end = letters.end_of("b", "horn")
        assert end.state is PlayState.FINISHED
        wait_for(lambda: not amplifier.is_on, what="the amplifier to go off")
        assert [on for _, on in line.switched] == [False, True, False]
        assert first - line.switched[1][0] >= 0.29
        assert line.switched[2][0] - end.at_mono_s >= 0.25
    finally:
        player.close()
        amplifier.close()


def test_it_is_never_on_for_ever() -> None:
    """A sound without an end loses its amplifier and is told why."""
    line = Line()
    amplifier = Amplifier(line, lead_s=0, hold_s=0, max_on_s=0.2)
    speaker = AmplifiedSpeaker(RecordingSpeaker("horn"), amplifier)
    speaker.open("a", 8000)
    speaker.write(bytes(320))
    wait_for(lambda: not amplifier.is_on, what="the amplifier to go off")
    with pytest.raises(SpeakerError, match="without a pause"):
        speaker.write(bytes(320))
    speaker.stop()
    amplifier.close()
    assert line.switched[-1][1] is False


def test_a_broken_switch_does_not_silence_but_is_told() -> None:
    """The samples go out, and the receipt says that nobody knows whether they were heard."""
    horn, letters = RecordingSpeaker("horn"), Letterbox()
    amplifier = Amplifier(StuckLine(), lead_s=0)
    player = Broadcaster(NoiseVoice(0.2), [AmplifiedSpeaker(horn, amplifier)], letters)
    player.start()
    try:
        player.say(announcement("a"))
        end = letters.end_of("a", "horn")
        assert end.state is PlayState.FAILED
        assert end.seconds > 0
        assert "switch of the amplifier" in end.reason
    finally:
        player.close()
        amplifier.close()


def test_a_killed_box_comes_up_with_the_amplifier_off(tmp_path: Path) -> None:
    """kill -9 while it is on; the next start switches it off before anything else."""
    line = tmp_path / "line"
    program = (
        "import sys, time; from pathlib import Path\n"
        "from broadcast.amplifier.amplifier import Amplifier\n"
        "from broadcast.amplifier.relay import FileRelay\n"
        "Amplifier(FileRelay(Path(sys.argv[1]))).take('horn'); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, line]) as child:
        wait_for(lambda: line.exists() and line.read_text() == "1", what="the amplifier")
        child.kill()
    assert line.read_text() == "1"
    amplifier = Amplifier(FileRelay(line))
    assert line.read_text() == "0"
    amplifier.take("horn")
    assert line.read_text() == "1"
    amplifier.close()
    assert line.read_text() == "0"


def test_a_command_is_told_on_and_off(tmp_path: Path) -> None:
    """Its last argument is the state; one that fails is a fault with a remedy."""
    said = tmp_path / "said"
    script = tmp_path / "relay"
    script.write_text(f'#!/bin/sh\necho "$1" >> {said}\n')
    script.chmod(0o755)
    relay = CommandRelay([str(script)])
    relay.switch(on=True)
    relay.switch(on=False)
    assert said.read_text().split() == ["on", "off"]
    with pytest.raises(SpeakerError, match="Check its wiring"):
        CommandRelay(["/bin/false"]).switch(on=True)


def test_a_gpio_line_is_asked_for_as_the_kernel_wants_it(tmp_path: Path) -> None:
    """The sizes in the numbers of the calls are those of our structures; the line is an output."""
    asked: list[tuple[int, bytes]] = []

    def ioctl(_handle: int, request: int, argument: bytes) -> bytes:
        asked.append((request, argument))
        return argument

    chip = tmp_path / "gpiochip0"
    chip.touch()
    relay = GpioRelay(chip, 17, active_low=True, ioctl=ioctl)
    relay.switch(on=True)
    relay.switch(on=False)
    assert [request for request, _ in asked] == [GET_LINE, SET_VALUES, SET_VALUES]
    assert LINE_REQUEST.size == GET_LINE >> 16 & 0x3FFF
    assert LINE_VALUES.size == SET_VALUES >> 16 & 0x3FFF
    wanted = LINE_REQUEST.unpack(asked[0][1])
    assert (wanted[0], wanted[65], wanted[72]) == (17, OUTPUT | ACTIVE_LOW, 1)
    assert [LINE_VALUES.unpack(a) for _, a in asked[1:]] == [(1, 1), (0, 1)]
    with pytest.raises(SpeakerError, match="gpiochip9:17"):
        GpioRelay(tmp_path / "gpiochip9", 17).switch(on=True)
