"""What the settings say of loudspeakers and their zones, in the words of broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from broadcast.amplifier.amplifier import Amplifier
from broadcast.amplifier.relay import CommandRelay, FileRelay, GpioRelay, Relay
from broadcast.speakers.amplified import AmplifiedSpeaker
from broadcast.speakers.horns.plan import HornPlan
from broadcast.speakers.registry import SpeakerPlan
from broadcast.speakers.rtp import RtpTarget
from broadcast.speakers.speaker import Speaker
from broadcast.zones import ZoneRule, Zones
from edge.cameras import read_secret
from edge.clock import Clock
from edge.errors import StartError
from edge.settings.schema import (
    AmplifierSection,
    BroadcastSection,
    HubSettings,
    SoundZoneSection,
    SpeakerSection,
)

LOCAL = ZoneInfo("Asia/Shanghai")
BEHIND = frozenset({"alsa", "rtp", "file"})


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


def amplified(
    speakers: Sequence[Speaker],
    settings: HubSettings,
    at_the_end: Callable[[Callable[[], None]], object],
) -> list[Speaker]:
    """The loudspeakers, those behind the amplifier with its switch; it is off from now on.

    A speaker over HTTP or a silent one has an amplifier of its own or none. `at_the_end` is given
    what switches the amplifier off for good.

    Raises:
        StartError: The settings of the amplifier are not complete.
    """
    relay = _relay(settings.amplifier)
    if relay is None:
        return list(speakers)
    section = settings.amplifier
    amplifier = Amplifier(
        relay, lead_s=section.lead_s, hold_s=section.hold_s, max_on_s=section.max_on_s
    )
    at_the_end(amplifier.close)
    behind = {speaker.id for speaker in settings.speaker if speaker.kind in BEHIND}
    return [AmplifiedSpeaker(s, amplifier) if s.id in behind else s for s in speakers]


def _relay(section: AmplifierSection) -> Relay | None:
    if section.kind == "gpio":
        return GpioRelay(Path(section.chip), section.line, active_low=section.active_low)
    if section.kind == "command" and section.command:
        return CommandRelay(section.command)
    if section.kind == "file" and section.file:
        return FileRelay(Path(section.file))
    if section.kind != "none":
        raise StartError(
            f"The amplifier is of the kind {section.kind}, but the setting of that name is empty. "
            "Fill it in, or write none."
        )
    return None


def _rule(section: SoundZoneSection | BroadcastSection) -> ZoneRule:
    minutes = section.minutes_a_day
    return ZoneRule(
        time.fromisoformat(section.quiet_from),
        time.fromisoformat(section.quiet_to),
        None if minutes is None else minutes * 60,
    )
