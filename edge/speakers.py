"""What the settings say of a loudspeaker, in the words of broadcast."""

from __future__ import annotations

from pathlib import Path

from broadcast.speakers.horns.plan import HornPlan
from broadcast.speakers.registry import SpeakerPlan
from broadcast.speakers.rtp import RtpTarget
from edge.cameras import read_secret
from edge.settings.schema import SpeakerSection


def speaker_plan(section: SpeakerSection, folder: Path) -> SpeakerPlan:
    """How to build it; its sound files go below `folder`."""
    return SpeakerPlan(
        section.id,
        section.kind,
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
