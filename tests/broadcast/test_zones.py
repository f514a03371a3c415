"""A zone hears what is meant for it, at its hours, and never waits for another zone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from datetime import time as at
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.announcements import PlayState, Priority
from broadcast.clip import clip_from_wav
from broadcast.player import Broadcaster
from broadcast.speakers.file import FileSpeaker
from broadcast.speakers.silent import SilentSpeaker
from broadcast.speakers.speaker import Speaker
from broadcast.zones import EXEMPT, ZoneRule, Zones
from tests.broadcast.fakes import (
    FullSpeaker,
    HungSpeaker,
    Letterbox,
    NoiseVoice,
    UnpluggedSpeaker,
    announcement,
)

BUSY_MACHINE_S = 0.8
"""One measurement may be late on a machine that does much else; what hangs takes seconds."""
NIGHT = ZoneRule(at(21), at(6))
FINISHED, MISSED = PlayState.FINISHED, PlayState.MISSED


class Village:
    """A player with its receipts."""

    def __init__(self, speakers: list[Speaker], zones: Zones, seconds: float = 0.2) -> None:
        self.letters = Letterbox()
        self.player = Broadcaster(NoiseVoice(seconds), speakers, self.letters, zones=zones)
        self.player.start()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test has started."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize(
    ("wanted", "heard"),
    [
        ("", "east river west"),
        ("east", "east"),
        ("low-lying", "east river"),
        ("elsewhere", ""),
    ],
)
def test_an_announcement_reaches_its_zone_and_no_other(
    stack: ExitStack, wanted: str, heard: str
) -> None:
    """One zone, a group of zones or all; a zone without a loudspeaker is told."""
    horns: list[Speaker] = [SilentSpeaker(z, zone=z) for z in ("east", "river", "west")]
    village = Village(horns, Zones({"low-lying": frozenset({"east", "river"})}))
    stack.callback(village.player.close)
    village.player.say(announcement("a", zone=wanted))
    for horn in heard.split() or [""]:
        assert village.letters.end_of("a", horn).state is (FINISHED if heard else PlayState.FAILED)
    assert {r.speaker for r in village.letters.receipts} == set(heard.split() or [""])


def test_quiet_hours_hold_back_all_but_emergencies(stack: ExitStack) -> None:
    """At night a notice is missed with a reason; danger sounds. In the other zone it is day."""
    now = datetime(2026, 11, 22, 22, 30)  # noqa: DTZ001 - local time without a zone is meant
    horns: list[Speaker] = [SilentSpeaker("e", zone="east"), SilentSpeaker("w", zone="west")]
    village = Village(horns, Zones(rules={"east": NIGHT}, local_now=lambda: now))
    stack.callback(village.player.close)
    village.player.say(announcement("notice", Priority.NOTICE))
    village.player.say(announcement("danger", Priority.LIFE_SAFETY))
    held = village.letters.end_of("notice", "e")
    assert (held.state, held.seconds) == (MISSED, 0)
    assert "until 06:00" in held.reason
    assert village.letters.end_of("notice", "w").state is not MISSED
    assert village.letters.end_of("danger", "e").state is FINISHED


def test_an_override_is_written_down(caplog: pytest.LogCaptureFixture) -> None:
    """Who asks in the morning why it was loud at night finds the reason."""
    now = datetime(2026, 11, 22, 2, 0)  # noqa: DTZ001
    zones = Zones(default=NIGHT, local_now=lambda: now)
    assert zones.admit("east", announcement("fire", Priority.LIFE_SAFETY), 5) == ""
    assert "quiet hours overridden zone=east id=fire priority=LIFE_SAFETY" in caplog.text


def test_the_minutes_of_a_day_are_used_up_and_come_back() -> None:
    """Two loudspeakers of a zone count once; emergencies never; tomorrow begins anew."""
    now = [datetime(2026, 11, 22, 12, 0)]  # noqa: DTZ001
    zones = Zones(default=ZoneRule(seconds_a_day=60), local_now=lambda: now[0])
    first = announcement("a", Priority.NOTICE)
    assert zones.admit("east", first, 40) == zones.admit("east", first, 40) == ""
    reason = zones.admit("east", announcement("b", Priority.NOTICE), 40)
    assert "1 minutes a day" in reason
    assert zones.admit("west", announcement("b", Priority.NOTICE), 40) == ""
    assert zones.admit("east", announcement("fire", Priority.LIFE_SAFETY), 400) == ""
    assert zones.admit("east", announcement("c", Priority.NOTICE), 20) == ""
    now[0] = datetime(2026, 11, 23, 8, 0)  # noqa: DTZ001
    assert zones.admit("east", announcement("d", Priority.NOTICE), 60) == ""


@given(st.times(), st.times(), st.times(), st.sampled_from(Priority))
def test_nothing_urgent_is_ever_held_back(begin: at, end: at, now: at, priority: Priority) -> None:
    """Whatever the hours; and a clock that is not believed holds back nothing."""
    rule = ZoneRule(begin, end, seconds_a_day=0)
    moment = datetime.combine(datetime(2026, 1, 1), now)  # noqa: DTZ001
    said = announcement("a", priority)
    reason = Zones(default=rule, local_now=lambda: moment).admit("z", said, 1)
    assert (reason == "") is (priority <= EXEMPT)
    assert Zones(default=rule).admit("z", said, 1) == ""
    assert rule.is_quiet(now) is not ZoneRule(end, begin).is_quiet(now) or begin == end


@pytest.mark.parametrize("kind", ["full", "hung", "gone"])
def test_a_dead_loudspeaker_holds_up_no_other_zone(stack: ExitStack, kind: str) -> None:
    """Danger takes the air of the healthy zone at once while the other one hangs."""
    dead: Speaker
    if kind == "hung":
        hung = HungSpeaker("dead")
        stack.callback(hung.let.set)
        dead = hung
    else:
        dead = FullSpeaker("dead") if kind == "full" else UnpluggedSpeaker("dead")
    well = SilentSpeaker("well", zone="east")
    village = Village([dead, well], Zones(), seconds=5)
    stack.callback(village.player.close, 0.5)
    village.player.say(announcement("warm", text="危险", expires_mono_s=0))
    village.letters.end_of("warm", "well")
    village.player.say(announcement("notice", Priority.NOTICE))
    village.letters.get("notice", PlayState.STARTED)
    asked = time.monotonic()
    village.player.say(announcement("danger", Priority.LIFE_SAFETY, text="危险"))
    started = village.letters.get("danger", PlayState.STARTED)
    assert started.speaker == "well"
    assert started.at_mono_s - asked < BUSY_MACHINE_S


def test_each_zone_is_pre_empted_within_200_ms_and_only_its_own(
    stack: ExitStack, tmp_path: Path
) -> None:
    """Three zones sound; danger in one cuts that file alone, and the others go on."""
    horns: list[Speaker] = [FileSpeaker(z, tmp_path / z, zone=z) for z in ("east", "river", "west")]
    village = Village(horns, Zones(), seconds=2)
    stack.callback(village.player.close)
    village.player.say(announcement("warm", text="危险", expires_mono_s=0))
    for zone in ("east", "river", "west"):
        village.letters.end_of("warm", zone)
    village.player.say(announcement("notice", Priority.NOTICE))
    latencies: list[float] = []
    for zone in ("east", "river"):
        village.letters.get("notice", PlayState.STARTED)
        asked = time.monotonic()
        said = announcement(f"danger-{zone}", Priority.LIFE_SAFETY, text="危险", zone=zone)
        village.player.say(said)
        started = village.letters.get(said.id, PlayState.STARTED)
        assert started.speaker == zone
        latencies.append(started.at_mono_s - asked)
        assert village.letters.end_of("notice", zone).state is PlayState.INTERRUPTED
    assert min(latencies) < 0.2
    assert max(latencies) < BUSY_MACHINE_S
    assert village.letters.end_of("notice", "west").state is FINISHED
    whole = clip_from_wav((tmp_path / "west" / "notice.wav").read_bytes())
    for zone in ("east", "river"):
        part = clip_from_wav((tmp_path / zone / "notice.wav").read_bytes())
        assert 0 < len(part.samples) < len(whole.samples)
        assert np.array_equal(part.samples, whole.samples[: len(part.samples)])


def test_the_volume_of_one_is_not_that_of_the_next(stack: ExitStack, tmp_path: Path) -> None:
    """A soft announcement is soft at the horn, and the one after it as loud as ever."""
    village = Village([FileSpeaker("f", tmp_path)], Zones())
    stack.callback(village.player.close)
    for name, volume in (("before", 1.0), ("soft", 0.25), ("after", 1.0)):
        village.player.say(announcement(name, volume=volume))
        assert village.letters.end_of(name, "f").state is FINISHED
    before, soft, after = (
        clip_from_wav((tmp_path / f"{name}.wav").read_bytes()).samples
        for name in ("before", "soft", "after")
    )
    assert np.array_equal(before, after)
    assert np.abs(soft - before * 0.25).max() <= 1
    assert np.abs(before).max() > 1000
