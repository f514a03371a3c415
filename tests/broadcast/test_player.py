"""The whole way from words to a loudspeaker: order, receipts, speed, and one fault staying one."""

from __future__ import annotations

import os
import threading
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from broadcast.announcements import FINAL_STATES, PlayState, Priority, Receipt
from broadcast.assembling import LEAD_IN_MS, assemble
from broadcast.chime import chime
from broadcast.clip import Clip, clip_from_wav
from broadcast.desk import AHEAD_S, BLOCK_S
from broadcast.loudness import TARGET_LUFS, level, measure
from broadcast.player import Broadcaster
from broadcast.speakers.alsa import AlsaSpeaker
from broadcast.speakers.file import FileSpeaker
from broadcast.speakers.silent import SilentSpeaker
from broadcast.speakers.speaker import Speaker
from broadcast.voices.espeak import EspeakVoice
from broadcast.voices.voice import Voice
from tests.broadcast.fakes import (
    RATE_HZ,
    BrokenSpeaker,
    FastClock,
    FullSpeaker,
    HungSpeaker,
    Letterbox,
    MuteVoice,
    NoiseVoice,
    RecordingSpeaker,
    UnpluggedSpeaker,
    WaitingVoice,
    announcement,
)
from tests.requirements import need
from tests.waiting import wait_for

Start = Callable[..., tuple[Broadcaster, Letterbox]]
QUEUED, STARTED, FINISHED = PlayState.QUEUED, PlayState.STARTED, PlayState.FINISHED
INTERRUPTED, CANCELLED = PlayState.INTERRUPTED, PlayState.CANCELLED
MISSED, FAILED = PlayState.MISSED, PlayState.FAILED


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts broadcasters on a fast clock, or on the real one, and closes them."""
    with ExitStack() as stack:

        def starting(
            speakers: Sequence[Speaker],
            voice: Voice | None = None,
            *,
            real_time: bool = False,
            cache_folder: Path | None = None,
        ) -> tuple[Broadcaster, Letterbox]:
            letters = Letterbox()
            clock = FastClock(1 if real_time else 20)
            broadcaster = Broadcaster(
                voice or NoiseVoice(),
                speakers,
                letters,
                monotonic=clock.now,
                wait=clock.wait,
                cache_folder=cache_folder,
            )
            broadcaster.start()
            stack.callback(broadcaster.close)
            return broadcaster, letters

        yield starting


def test_every_announcement_has_its_receipts_on_every_speaker(start: Start) -> None:
    """Queued, started, finished: on each speaker, in this order, with the seconds that sounded."""
    player, letters = start([SilentSpeaker("s"), RecordingSpeaker("r")])
    assert player.say(announcement("a")) is QUEUED
    for speaker in "sr":
        end = letters.end_of("a", speaker)
        assert letters.states("a", speaker) == [QUEUED, STARTED, FINISHED]
        assert end.seconds == pytest.approx(1.5, abs=0.01)
        assert end.reason == ""


def test_the_sink_gets_what_was_rendered(start: Start, tmp_path: Path) -> None:
    """Lead-in, chime, words twice and tail arrive whole and in order, and the proof is the file."""
    player, letters = start([FileSpeaker("f", tmp_path)])
    said = announcement("a", chime=True, repeat=2)
    player.say(said)
    end = letters.end_of("a", "f")
    heard = clip_from_wav(Path(end.proof.removeprefix("file:")).read_bytes())
    words = level(NoiseVoice().speak(said.text))
    expected = assemble(words, chime=chime(said.priority, RATE_HZ), repeat=2)
    assert np.array_equal(heard.samples, expected.samples)


def test_figures_are_read_before_they_are_spoken(start: Start) -> None:
    """The voice never sees a digit."""
    voice = NoiseVoice()
    player, letters = start([SilentSpeaker("s")], voice)
    player.say(announcement(text="9:30开会"))
    letters.end_of("a", "s")
    assert voice.spoken == ["九点三十分开会"]


def test_sound_runs_a_little_ahead_of_time_and_never_behind(start: Start) -> None:
    """No gap: at every moment the sink holds the next sample, and not much more than that."""
    speaker = RecordingSpeaker()
    player, letters = start([speaker], real_time=True)
    player.say(announcement())
    end = letters.end_of("a", speaker.id)
    begun, taken = speaker.blocks[0][0], 0.0
    for at, block in speaker.blocks:
        assert taken >= at - begun
        taken += len(block) / 2 / RATE_HZ
        assert taken <= at - begun + AHEAD_S + 2 * BLOCK_S
    assert end.at_mono_s - begun >= taken


@pytest.mark.parametrize("kind", ["silent", "file", "alsa"])
def test_danger_to_life_takes_the_air_at_once(start: Start, tmp_path: Path, kind: str) -> None:
    """Within 200 ms of a cached warning the notice is silent and the warning's first sample in."""
    speaker: Speaker
    if kind == "alsa":
        need("aplay")
        (tmp_path / ".asoundrc").write_text("pcm.horn { type null }")
        environment = {**os.environ, "HOME": str(tmp_path)}
        speaker = AlsaSpeaker("s", "horn", environment=environment)
    else:
        speaker = SilentSpeaker("s") if kind == "silent" else FileSpeaker("s", tmp_path)
    player, letters = start([speaker], NoiseVoice(20), real_time=True)
    player.say(announcement("warm", text="危险", expires_mono_s=0))
    letters.end_of("warm", "s")
    player.say(announcement("notice", Priority.NOTICE))
    letters.get("notice", STARTED)
    asked = time.monotonic()
    player.say(announcement("danger", Priority.LIFE_SAFETY, text="危险"))
    started = letters.get("danger", STARTED)
    interrupted = letters.end_of("notice", "s")
    assert interrupted.state is INTERRUPTED
    assert "urgent" in interrupted.reason
    assert interrupted.seconds > 0
    assert interrupted.at_mono_s <= started.at_mono_s <= asked + 0.2


def test_a_known_warning_starts_within_300_ms_after_a_restart(start: Start, tmp_path: Path) -> None:
    """Words spoken in the background once are on disk and need no voice any more."""
    voice = EspeakVoice()
    text = "请注意，水塘有人进入危险区域，请立即离开。"
    player, _ = start([SilentSpeaker("s")], voice, real_time=True, cache_folder=tmp_path)
    player.warm([text])
    wait_for(lambda: list(tmp_path.glob("*.clip")), what="the cached words")
    player.close()
    assert voice.pid is None
    player, letters = start(
        [FileSpeaker("f", tmp_path / "sound")], voice, real_time=True, cache_folder=tmp_path
    )
    asked = time.monotonic()
    player.say(announcement(text=text, chime=True))
    assert letters.get("a", STARTED).at_mono_s - asked < 0.3
    assert voice.pid is None


def test_mandarin_goes_all_the_way_to_the_file(start: Start, tmp_path: Path) -> None:
    """Chime first, then words at the house level, by ear of a meter on what the file holds."""
    player, letters = start([FileSpeaker("f", tmp_path)], EspeakVoice())
    text = "请注意，水塘有人进入危险区域，请立即离开。"
    player.say(announcement(text=text, chime=True))
    end = letters.end_of("a", "f", 20)
    heard = clip_from_wav(Path(end.proof.removeprefix("file:")).read_bytes())
    bell = chime(Priority.TALK_DOWN, heard.rate_hz).samples
    lead = int(heard.rate_hz * LEAD_IN_MS / 1000)
    assert not heard.samples[:lead].any()
    assert np.array_equal(heard.samples[lead : lead + len(bell)], bell)
    words = measure(Clip(heard.samples[lead + len(bell) :], heard.rate_hz))
    assert abs(words.lufs - TARGET_LUFS) < 1.5
    assert words.peak_dbfs <= -0.9


def test_equals_wait_for_each_other(start: Start) -> None:
    """Two of one priority play one after the other, both to the end."""
    player, letters = start([SilentSpeaker("s")])
    player.say(announcement("a"))
    player.say(announcement("b"))
    letters.end_of("b", "s")
    order = [(r.announcement, r.state) for r in letters.receipts if r.state is not QUEUED]
    assert order == [("a", STARTED), ("a", FINISHED), ("b", STARTED), ("b", FINISHED)]


def test_a_repeated_id_is_not_said_again(start: Start) -> None:
    """The old state is the answer, and no further receipt comes."""
    player, letters = start([SilentSpeaker("s")])
    player.say(announcement("a"))
    letters.end_of("a", "s")
    assert player.say(announcement("a")) is FINISHED
    player.say(announcement("b"))
    letters.end_of("b", "s")
    assert letters.states("a") == [QUEUED, STARTED, FINISHED]


def test_too_late_is_missed_even_while_something_plays(start: Start) -> None:
    """What expires in the queue is told when it expires, not when its turn would have come."""
    player, letters = start([RecordingSpeaker("s")], NoiseVoice(60))
    player.say(announcement("long"))
    letters.get("long", STARTED)
    now = FastClock().now()
    player.say(announcement("late", expires_mono_s=now + 1))
    missed = letters.end_of("late", "s")
    assert missed.state is MISSED
    assert missed.reason
    assert "long" in player.status().speakers[0].playing


def test_words_that_are_not_ready_in_time_are_not_said_late(start: Start) -> None:
    """A voice that takes longer than the announcement's time makes it missed."""
    voice = WaitingVoice()
    player, letters = start([SilentSpeaker("s")], voice)
    player.say(announcement("late", expires_mono_s=FastClock().now() + 4))
    assert letters.end_of("late", "s").state is MISSED
    voice.let.set()
    player.say(announcement("next"))
    assert letters.end_of("next", "s").state is FINISHED
    assert STARTED not in letters.states("late")


def test_what_waits_for_its_words_lets_the_more_urgent_pass(start: Start) -> None:
    """An announcement whose words are not ready goes back to its place, and is said afterwards."""
    voice = WaitingVoice()
    player, letters = start([SilentSpeaker("s")], voice)
    player.say(announcement("notice", Priority.NOTICE))
    wait_for(lambda: player.status().speakers[0].playing == "notice")
    player.say(announcement("danger", Priority.LIFE_SAFETY))
    wait_for(lambda: player.status().speakers[0].playing == "danger")
    voice.let.set()
    letters.end_of("notice", "s")
    ends = [r.announcement for r in letters.receipts if r.state is FINISHED]
    assert ends == ["danger", "notice"]


def test_one_or_all_can_be_stopped(start: Start) -> None:
    """Stopping one cancels it on every speaker; stopping all empties the queues."""
    player, letters = start([SilentSpeaker("s"), SilentSpeaker("t")], NoiseVoice(60))
    for name in "abc":
        player.say(announcement(name))
    letters.get("a", STARTED)
    player.stop("b")
    player.stop("unknown")
    player.stop("a", "The clerk pressed stop.")
    assert {letters.end_of(name, s).state for name in "ab" for s in "st"} == {CANCELLED}
    assert letters.end_of("a", "s").reason == "The clerk pressed stop."
    letters.get("c", STARTED)
    player.stop()
    assert letters.end_of("c", "t").state is CANCELLED
    wait_for(lambda: all(not speaker.playing for speaker in player.status().speakers))


def test_no_speaker_at_all_is_a_failure_with_a_reason(start: Start) -> None:
    """Nothing is taken silently that nobody can sound."""
    player, letters = start([])
    assert player.say(announcement("a")) is FAILED
    assert "loudspeaker" in letters.get("a", FAILED).reason
    assert not player.status().healthy


def test_a_zone_is_spoken_to_alone(start: Start) -> None:
    """An announcement for a zone plays on its speakers and on those that serve every zone."""
    player, letters = start(
        [SilentSpeaker("w", zone="west"), SilentSpeaker("e", zone="east"), SilentSpeaker("all")]
    )
    player.say(announcement("a", zone="west"))
    letters.end_of("a", "all")
    letters.end_of("a", "w")
    assert letters.states("a", "e") == []
    player, letters = start([SilentSpeaker("w", zone="west")])
    assert player.say(announcement("b", zone="north")) is FAILED
    assert "north" in letters.get("b", FAILED).reason


@pytest.mark.parametrize("bad", [UnpluggedSpeaker, FullSpeaker, BrokenSpeaker])
def test_a_speaker_that_fails_takes_no_other_with_it(
    start: Start, bad: type[SilentSpeaker]
) -> None:
    """It has its failed receipt with a reason, its status says so, and the other one plays."""
    player, letters = start([bad("bad"), SilentSpeaker("good")])
    player.say(announcement("a"))
    assert letters.end_of("a", "good").state is FINISHED
    failed = letters.end_of("a", "bad", 30)
    assert failed.state is FAILED
    assert failed.reason.endswith(".")
    broken, good = player.status().speakers
    assert (broken.healthy, good.healthy) == (False, True)
    assert broken.fault == failed.reason
    assert player.fresh(60)


def test_a_speaker_is_tried_again_for_the_next_announcement(start: Start) -> None:
    """Plugged in again, it plays, and its fault is forgotten."""
    speaker = UnpluggedSpeaker("s")
    player, letters = start([speaker])
    player.say(announcement("a"))
    assert letters.end_of("a", "s").state is FAILED
    speaker.plugged = True
    player.say(announcement("b"))
    assert letters.end_of("b", "s").state is FINISHED
    status = player.status().speakers[0]
    assert status.healthy
    assert status.last_sound_mono_s is not None


def test_a_hung_speaker_is_seen_by_the_watchdog_and_blocks_nobody(start: Start) -> None:
    """A write that does not return makes the player stale, while the other speaker plays on."""
    hung = HungSpeaker("hung")
    player, letters = start([hung, SilentSpeaker("good")])
    assert player.fresh(60)
    player.say(announcement("a"))
    assert letters.end_of("a", "good").state is FINISHED
    wait_for(lambda: not player.fresh(40), what="the watchdog")
    hung.let.set()
    assert letters.end_of("a", "hung").state is FINISHED
    wait_for(lambda: player.fresh(40), what="the watchdog's relief")


def test_without_a_voice_a_warning_has_its_chime(start: Start) -> None:
    """People look up at the chime; the receipt is honest that the words were missing."""
    player, letters = start([SilentSpeaker("s")], MuteVoice())
    player.say(announcement("warning", Priority.LIFE_SAFETY, chime=True))
    end = letters.end_of("warning", "s")
    assert letters.states("warning") == [QUEUED, STARTED, FAILED]
    assert end.seconds > 1
    assert "lost its voice" in end.reason
    player.say(announcement("notice", Priority.NOTICE, chime=True))
    assert letters.end_of("notice", "s").reason == "The voice has lost its voice."
    assert letters.states("notice") == [QUEUED, FAILED]
    assert player.status().voice_fault
    assert not player.status().healthy
    assert player.status().speakers[0].healthy


def test_a_receiver_of_receipts_may_fail() -> None:
    """Whoever raises on one receipt still gets the next ones, and the sound goes on."""
    letters = Letterbox()

    def refuse(receipt: Receipt) -> None:
        letters(receipt)
        raise OSError("disk full")

    clock = FastClock()
    player = Broadcaster(
        NoiseVoice(), [SilentSpeaker("s")], refuse, monotonic=clock.now, wait=clock.wait
    )
    player.start()
    player.say(announcement("a"))
    letters.end_of("a", "s")
    player.close()
    assert letters.states("a") == [QUEUED, STARTED, FINISHED]


def test_closing_ends_everything_with_a_receipt(start: Start, tmp_path: Path) -> None:
    """What plays and what waits is cancelled with a reason, the file is valid, no thread stays."""
    before = threading.active_count()
    player, letters = start([FileSpeaker("f", tmp_path)], NoiseVoice(60))
    player.say(announcement("a"))
    player.say(announcement("b"))
    letters.get("a", STARTED)
    player.close()
    assert [letters.states(name)[-1] for name in "ab"] == [CANCELLED, CANCELLED]
    with wave.open(str(tmp_path / "a.wav"), "rb") as file:
        assert file.getnframes() > 0
    assert threading.active_count() == before
    assert not player.fresh(60)
    assert player.say(announcement("c")) is FAILED


def test_a_storm_of_commands_leaves_nobody_without_an_end(start: Start) -> None:
    """Many threads say and stop at once: each announcement ends exactly once on each speaker."""
    speakers = [SilentSpeaker("s"), UnpluggedSpeaker("u")]
    player, letters = start(speakers, NoiseVoice(0.5))
    priorities = list(Priority)

    def command(thread: int) -> None:
        for number in range(25):
            name = f"{thread}-{number}"
            player.say(announcement(name, priorities[(thread * 7 + number) % 8], text=name[:1]))
            if number % 5 == 4:
                player.stop(f"{thread}-{number - 2}")

    threads = [threading.Thread(target=command, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [
        (f"{thread}-{n}", speaker) for thread in range(4) for n in range(25) for speaker in "su"
    ]
    for name, speaker in said:
        letters.end_of(name, speaker, 30)
    player.close()
    for name, speaker in said:
        states = letters.states(name, speaker)
        assert states[0] is QUEUED
        assert [state for state in states if state in FINAL_STATES] == states[-1:]
    assert not _overlaps([receipt for receipt in letters.receipts if receipt.speaker == "s"])


def _overlaps(receipts: Sequence[Receipt]) -> list[str]:
    """Announcements that started while another one was playing."""
    playing, overlapping = "", []
    for receipt in receipts:
        if receipt.state is STARTED:
            overlapping += [receipt.announcement] if playing else []
            playing = receipt.announcement
        elif receipt.announcement == playing and receipt.state in FINAL_STATES:
            playing = ""
    return overlapping
