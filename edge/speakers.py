"""What the settings say of a loudspeaker, in the words of broadcast."""

from __future__ import annotations

from pathlib import Path

from broadcast.speakers.registry import SpeakerPlan
from broadcast.speakers.rtp import RtpTarget
from edge.settings.schema import SpeakerSection


def speaker_plan(section: SpeakerSection, folder: Path) -> SpeakerPlan:
    """How to build it; its sound files go below `folder`."""
    return SpeakerPlan(
        section.id,
        section.kind,
        device=section.device,
        folder=folder / section.folder,
        rtp=RtpTarget(
            section.address,
            codec=section.codec,
            ttl=section.ttl,
            interface=section.interface,
            rate_hz=section.rate_hz,
        ),
    )
