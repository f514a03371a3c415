"""What a horn hears that is told over HTTP, through a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from broadcast.announcements import PlayState, Priority
from broadcast.clip import Clip, wav_from_clip
from broadcast.errors import SpeakerError
from broadcast.player import Broadcaster
from broadcast.speakers.horns import driver
from broadcast.speakers.horns.driver import build_horn
from broadcast.speakers.horns.plan import HornPlan
from broadcast.speakers.http import HttpSpeaker
from tests.broadcast.fakes import Letterbox, NoiseVoice, RecordingSpeaker, announcement
from tests.broadcast.horns import HttpHorn

BUSY_MACHINE_S = 0.3
WAV = wav_from_clip(Clip(np.arange(800, dtype=np.int16), 8000))


@pytest.fixture
def horn() -> Iterator[HttpHorn]:
    """A horn that needs no password."""
    horn = HttpHorn()
    yield horn
    horn.close()


@pytest.mark.parametrize("sign_in", ["basic", "digest"])
def test_it_signs_in_as_the_horn_asks(sign_in: str) -> None:
    """With the right password it plays; with a wrong one the sentence says what to check."""
    horn = HttpHorn(sign_in)
    build_horn(HornPlan("h", horn.url, username="horn", password="secret")).play(WAV, "a")
    assert [a.body for a in horn.asked] == [WAV]
    wrong = HornPlan("h", horn.url, username="horn", password="guess")
    with pytest.raises(SpeakerError, match=r"does not answer|refused /play with status 401"):
        build_horn(wrong).play(WAV, "a")
    assert "guess" not in repr(wrong)
    horn.close()


def test_paths_come_from_the_settings(horn: HttpHorn) -> None:
    """Every make has its own; ids are quoted into them."""
    plan = HornPlan("h", horn.url, play_path="/play?n={id}", volume_path="/v?to={volume}")
    generic = build_horn(plan)
    generic.set_volume(40)
    generic.play(WAV, "a b&c")
    generic.stop()
    generic.probe()
    assert horn.paths() == ["/v?to=40", "/play?n=a%20b%26c", "/stop", "/"]


def test_a_cached_warning_is_at_the_horn_at_once_and_the_notice_is_stopped(horn: HttpHorn) -> None:
    """Stop and the whole warning arrive, in this order, at once; it ends in its own time."""
    letters = Letterbox()
    speaker = HttpSpeaker("horn", build_horn(HornPlan("horn", horn.url)), volume=None)
    player = Broadcaster(NoiseVoice(1), [speaker], letters)
    player.start()
    try:
        player.say(announcement("warm", text="危险", expires_mono_s=0))
        letters.end_of("warm", "horn")
        player.say(announcement("notice", Priority.NOTICE, repeat=9))
        letters.get("notice", PlayState.STARTED)
        asked = time.monotonic()
        player.say(announcement("danger", Priority.LIFE_SAFETY, text="危险"))
        end = letters.end_of("danger", "horn")
        assert end.state is PlayState.FINISHED
        assert letters.end_of("notice", "horn").state is PlayState.INTERRUPTED
        assert horn.paths() == ["/play", "/stop", "/play"]
        assert horn.asked[2].at_s - asked < 0.2 + BUSY_MACHINE_S
        assert end.at_mono_s - horn.asked[2].at_s >= horn.sounds()[1].seconds - 0.1
        assert end.proof == "bytes"
    finally:
        player.close()


def test_a_slow_horn_holds_up_no_other(horn: HttpHorn) -> None:
    """The other loudspeaker has ended before the slow horn has answered; stopping is at once."""
    slow = HttpHorn(delay_s=3.0)
    letters = Letterbox()
    quick = RecordingSpeaker("quick")
    late = HttpSpeaker("slow", build_horn(HornPlan("slow", slow.url)))
    player = Broadcaster(NoiseVoice(0.3), [late, quick], letters)
    player.start()
    try:
        player.say(announcement("a"))
        assert letters.end_of("a", "quick").state is PlayState.FINISHED
        assert not slow.asked
        before = time.monotonic()
        player.stop()
        assert letters.end_of("a", "slow").state is PlayState.CANCELLED
        assert time.monotonic() - before < 1
    finally:
        player.close()
        slow.close()


def test_a_horn_that_is_gone_or_refuses_is_told() -> None:
    """The sentence names the loudspeaker and what to look at."""
    horn = HttpHorn()
    with pytest.raises(SpeakerError, match="h refused /nowhere with status 404"):
        build_horn(HornPlan("h", horn.url, play_path="/nowhere")).play(WAV, "a")
    horn.close()
    complaint = HttpSpeaker("h", build_horn(HornPlan("h", horn.url))).probe()
    assert "h does not answer at" in complaint
    assert "cable" in complaint
    with pytest.raises(SpeakerError, match="does not begin with"):
        build_horn(HornPlan("h", "file:///etc"))


def test_another_package_may_bring_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point is found by its name; an unknown one is refused with the known ones."""
    point = EntryPoint("brand", "tests.broadcast.test_http_horn:Brand", driver.GROUP)
    monkeypatch.setattr(driver, "entry_points", lambda group: [point])
    assert isinstance(build_horn(HornPlan("h", driver="brand")), Brand)
    with pytest.raises(SpeakerError, match="unknown driver 'other'; there are: generic, brand"):
        build_horn(HornPlan("h", driver="other"))


class Brand:
    """A driver of another package."""

    def __init__(self, plan: HornPlan) -> None:
        self.plan = plan
