"""What the settings say of loudspeakers and their zones, in the words of broadcast."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from broadcast.speakers.horns.plan import HornPlan
from broadcast.speakers.registry import SpeakerPlan
from broadcast.speakers.rtp import RtpTarget
from broadcast.zones import ZoneRule, Zones
from edge.cameras import read_secret
from edge.clock import Clock
from edge.settings.schema import (
    BroadcastSection,
    HubSettings,
    SoundZoneSection,
    SpeakerSection,
)

LOCAL = ZoneInfo("Asia/Shanghai")


def speaker_plan(section: SpeakerSection, folder: Path) -> SpeakerPlan:
    """How to build it; its sound files go below `folder`."""
    return SpeakerPlan(
        section.id,
        section.kind,
        zone=section.zone,
        device=section.device,
        folder=folder / section.folder,
        horn=HornPlan(
            section.id,
            url=section.url,
            driver=section.driver,
            username=section.username,
            password=read_secret(section.password_file) if section.password_file else "",
            ca=section.ca,
            timeout_s=section.timeout_s,
            play_path=section.play_path,
            stop_path=section.stop_path,
            volume_path=section.volume_path,
            probe_path=section.probe_path,
            volume=section.volume,
        ),
        rtp=RtpTarget(
            section.address,
            codec=section.codec,
            ttl=section.ttl,
            interface=section.interface,
            rate_hz=section.rate_hz,
        ),
    )


def village_zones(settings: HubSettings, clock: Clock) -> Zones:
    """The zones of the settings; hours hold only while the clock is trusted."""

    def local_now() -> datetime | None:
        return datetime.fromtimestamp(clock.wall(), tz=LOCAL) if clock.trusted() else None

    return Zones(
        {zone.id: frozenset(zone.members) for zone in settings.sound_zone if zone.members},
        {zone.id: _rule(zone) for zone in settings.sound_zone if not zone.members},
        default=_rule(settings.broadcast),
        local_now=local_now,
    )


def warning_zones(settings: HubSettings, zones: Zones) -> dict[str, str]:
    """Where each camera's warnings sound; a zone that nobody serves is left out, so that a
    mistake in the settings makes a warning louder and never silent.
    """
    return {
        camera.id: camera.speaker_zone
        for camera in settings.camera
        if any(zones.serves(speaker.zone, camera.speaker_zone) for speaker in settings.speaker)
    }


def _rule(section: SoundZoneSection | BroadcastSection) -> ZoneRule:
    minutes = section.minutes_a_day
    return ZoneRule(
        time.fromisoformat(section.quiet_from),
        time.fromisoformat(section.quiet_to),
        None if minutes is None else minutes * 60,
    )
