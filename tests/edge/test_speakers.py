"""What the settings say of loudspeakers arrives where they are built."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcast.announcements import Announcement, Priority
from broadcast.speakers.amplified import AmplifiedSpeaker
from broadcast.speakers.registry import build_speaker
from edge.clock import SimulatedClock
from edge.errors import StartError
from edge.settings.schema import HubSettings
from edge.speakers import amplified, speaker_plan, village_zones, warning_zones

HUB = {"id": "lin", "village": "林家村", "township": "qing"}


def _settings(**tables: object) -> HubSettings:
    return HubSettings.model_validate({"hub": HUB, **tables})


def _clock(hour: int, *, trusted: bool = True) -> SimulatedClock:
    """Local time in China, eight hours before UTC."""
    wall_s = datetime(2026, 11, 22, hour - 8, 30, tzinfo=UTC).timestamp()
    return SimulatedClock(wall_s=wall_s, trusted=trusted)


def test_a_plan_holds_what_the_section_says(tmp_path: Path) -> None:
    """Zone, address, codec, and the password out of its file."""
    secret = tmp_path / "secret"
    secret.write_text("geheim\n")
    settings = _settings(
        speaker=[
            {"id": "a", "kind": "rtp", "zone": "east", "address": "10.0.0.9:5006", "codec": "g722"},
            {"id": "b", "kind": "http", "url": "https://10.0.0.8", "password_file": secret},
        ]
    )
    first, second = (speaker_plan(section, tmp_path) for section in settings.speaker)
    assert (first.zone, first.rtp.address, first.rtp.codec) == ("east", "10.0.0.9:5006", "g722")
    assert second.horn is not None
    assert (second.horn.url, second.horn.password) == ("https://10.0.0.8", "geheim")
    secret.unlink()
    with pytest.raises(StartError, match="secret"):
        speaker_plan(settings.speaker[1], tmp_path)


def test_quiet_hours_of_the_settings_hold_by_local_time_and_a_trusted_clock() -> None:
    """A zone has its own hours, the others those of the village; a group is its members."""
    settings = _settings(
        broadcast={"quiet_from": "22:00", "quiet_to": "06:00"},
        sound_zone=[
            {"id": "school", "quiet_from": "12:00", "quiet_to": "14:00", "minutes_a_day": 1},
            {"id": "low", "members": ["school", "river"]},
        ],
    )
    notice = Announcement("n", "开会", Priority.NOTICE)
    noon, night = (village_zones(settings, _clock(hour)) for hour in (12, 23))
    assert noon.admit("school", notice, 1)
    assert not noon.admit("river", notice, 1)
    assert night.admit("river", notice, 1)
    assert not night.admit("school", notice, 1)
    assert night.admit("school", Announcement("m", "开会", Priority.NOTICE), 60)
    assert noon.serves("river", "low")
    assert not noon.serves("hill", "low")
    unsure = village_zones(settings, _clock(23, trusted=False))
    assert not unsure.admit("river", notice, 1)


def test_a_camera_warns_in_its_zone_and_never_into_nothing() -> None:
    """A zone without a loudspeaker is a mistake that must not silence a danger."""
    settings = _settings(
        speaker=[{"id": "a", "kind": "silent", "zone": "east"}],
        camera=[
            {"id": "gate", "name": "村口", "url": "x", "speaker_zone": "east"},
            {"id": "pond", "name": "水塘", "url": "x", "speaker_zone": "wset"},
            {"id": "road", "name": "路口", "url": "x"},
        ],
    )
    found = warning_zones(settings, village_zones(settings, _clock(12)))
    assert found == {"gate": "east", "road": ""}


def test_the_amplifier_is_switched_for_those_behind_it(tmp_path: Path) -> None:
    """Off at the start and at the end; a kind without its setting is refused with a sentence."""
    line = tmp_path / "line"
    kinds = [{"id": "a", "kind": "file"}, {"id": "b", "kind": "silent"}]
    settings = _settings(speaker=kinds, amplifier={"kind": "file", "file": str(line)})
    built = [build_speaker(speaker_plan(s, tmp_path)) for s in settings.speaker]
    ends: list[Callable[[], None]] = []
    horns = amplified(built, settings, ends.append)
    assert [isinstance(horn, AmplifiedSpeaker) for horn in horns] == [True, False]
    assert line.read_text() == "0"
    horns[0].open("x", 8000)
    assert line.read_text() == "1"
    horns[0].stop()
    ends[0]()
    assert line.read_text() == "0"
    assert amplified(built, _settings(speaker=kinds), ends.append) == built
    with pytest.raises(StartError, match="kind command"):
        amplified(built, _settings(amplifier={"kind": "command"}), ends.append)
