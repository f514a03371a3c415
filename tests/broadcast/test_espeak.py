"""The speaking process may die or hang; the next sentence is still spoken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import espeakng_loader
import pytest

from broadcast.clip import Clip
from broadcast.errors import VoiceError
from broadcast.loudness import TARGET_LUFS, level, measure
from broadcast.voices import espeak_frames as frames
from broadcast.voices.espeak import EspeakVoice
from tests.waiting import wait_for

SENTENCE = "请注意，水塘边有人进入危险区域，请立即离开。"
HANZI = sum(1 for character in SENTENCE if character.isalnum())


@pytest.fixture
def voice() -> Iterator[EspeakVoice]:
    """A warm Mandarin voice."""
    voice = EspeakVoice(timeout_s=8)
    assert voice.probe() == ""
    yield voice
    voice.close()


def test_mandarin_is_really_spoken(voice: EspeakVoice) -> None:
    """The sentence is sound, as long as a person would take, and different words differ."""
    clip = voice.speak(SENTENCE)
    assert 0.15 < clip.seconds / HANZI < 0.45
    assert measure(clip).lufs > -30
    assert len(voice.speak("好").samples) < len(clip.samples) / 5


def test_spoken_words_come_to_the_house_level(voice: EspeakVoice) -> None:
    """Real speech ends up at -18 LUFS with its peaks below -0.9 dBFS."""
    heard = measure(level(voice.speak(SENTENCE)))
    assert abs(heard.lufs - TARGET_LUFS) < 1.5
    assert heard.peak_dbfs <= -0.9


def test_the_process_stays_warm(voice: EspeakVoice) -> None:
    """One process speaks many sentences."""
    pid = voice.pid
    voice.speak(SENTENCE)
    assert voice.pid == pid is not None


def test_the_library_is_never_in_our_own_process(voice: EspeakVoice) -> None:
    """The GPL library is mapped by the child alone."""
    voice.speak(SENTENCE)
    assert "espeak" not in Path("/proc/self/maps").read_text().lower()
    assert "espeak" in Path(f"/proc/{voice.pid}/maps").read_text().lower()


def test_killed_in_the_middle_of_a_sentence_it_speaks_again(voice: EspeakVoice) -> None:
    """The sentence that a death cut off is spoken by a new process."""
    pid = voice.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # it has the request, and no answer comes
    spoken: list[Clip] = []
    speaking = threading.Thread(target=lambda: spoken.append(voice.speak(SENTENCE)))
    speaking.start()
    os.kill(pid, signal.SIGKILL)
    speaking.join(20)
    assert spoken
    assert spoken[0].seconds > 2
    assert voice.pid not in (None, pid)


def test_dead_before_a_sentence_it_is_started_again(voice: EspeakVoice) -> None:
    """A process that died meanwhile is not noticed by the one who speaks."""
    assert voice.pid is not None
    os.kill(voice.pid, signal.SIGKILL)
    wait_for(lambda: voice.pid is None, what="the child's death")
    assert voice.speak(SENTENCE).seconds > 2


def test_a_hung_process_is_replaced() -> None:
    """One that does not answer in time is killed, and another speaks."""
    voice = EspeakVoice(timeout_s=3)
    voice.speak("好")
    hung = voice.pid
    assert hung is not None
    os.kill(hung, signal.SIGSTOP)
    assert voice.speak(SENTENCE).seconds > 2
    assert not Path(f"/proc/{hung}").exists()
    voice.close()


@pytest.mark.parametrize(
    "programme",
    [
        "import time; time.sleep(60)",
        "pass",
        f"import sys; sys.stdout.buffer.write({frames.ANSWER.pack(0, 1, 2**32 - 1)!r})",
        "print('not a frame at all')",
    ],
    ids=["hangs", "ends", "announces too much", "talks nonsense"],
)
def test_a_process_that_never_answers_is_a_sentence(programme: str) -> None:
    """Whatever the child does, the caller gets a VoiceError within the time limits."""
    voice = EspeakVoice(timeout_s=0.4, command=(sys.executable, "-c", programme))
    with pytest.raises(VoiceError):
        voice.speak("好")
    assert voice.probe() != ""
    voice.close()


def test_an_unknown_voice_is_told() -> None:
    """espeak-ng keeps the old voice without a complaint when it does not know a name; we do not."""
    voice = EspeakVoice("zh")
    with pytest.raises(VoiceError, match="does not know the voice zh"):
        voice.speak("好")
    voice.close()


@pytest.mark.parametrize("text", ["", "。", "\0", "😀" * 3, "字" * 20_000])
def test_text_without_words_or_end_harms_nobody(voice: EspeakVoice, text: str) -> None:
    """Empty, odd and endless texts are spoken or told, and the next sentence is spoken."""
    with suppress(VoiceError):
        voice.speak(text)
    assert voice.speak("好").seconds > 0.1


def test_markup_is_not_obeyed(voice: EspeakVoice) -> None:
    """SSML and phoneme codes in a name are words, not commands."""
    plain = voice.speak("请离开")
    assert voice.speak('<prosody rate="0.01">请离开').seconds < 8 * plain.seconds


def test_a_very_long_path_to_the_voices_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """espeak-ng holds 160 characters of path; deep installations speak all the same."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    (deep / "espeakng_loader").symlink_to(Path(espeakng_loader.__file__).parent)
    repository = Path(__file__).resolve().parents[2]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(deep), str(repository)]))
    voice = EspeakVoice(timeout_s=8)
    assert voice.speak(SENTENCE).seconds > 2
    voice.close()
    asked = [sys.executable, "-c", "import espeakng_loader as e; print(e.get_data_path())"]
    assert str(deep) in subprocess.run(asked, capture_output=True, check=True).stdout.decode()


def test_a_closed_voice_leaves_no_process_and_may_speak_again(voice: EspeakVoice) -> None:
    """Closing ends the child; speaking starts another."""
    pid = voice.pid
    voice.close()
    assert not Path(f"/proc/{pid}").exists()
    assert voice.speak("好").seconds > 0.1


def test_several_threads_share_one_voice(voice: EspeakVoice) -> None:
    """Sentences of several threads do not mix."""
    alone = {text: voice.speak(text).seconds for text in ("好", SENTENCE)}
    heard: list[tuple[str, float]] = []

    def speak(text: str) -> None:
        heard.append((text, voice.speak(text).seconds))

    threads = [threading.Thread(target=speak, args=(text,)) for text in list(alone) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(heard) == 8
    assert all(abs(seconds - alone[text]) < 0.1 for text, seconds in heard)
