"""Whether each loudspeaker can be played on now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.cli.probes.finding import Finding, Probe, Subject
from edge.settings.schema import HubSettings


def look(subject: Subject) -> Iterator[Finding]:
    from broadcast.errors import SpeakerError  # noqa: PLC0415 - a console has no sound
    from broadcast.speakers.registry import build_speaker  # noqa: PLC0415
    from edge.errors import StartError  # noqa: PLC0415
    from edge.speakers import speaker_plan  # noqa: PLC0415

    settings = subject.settings
    for section in settings.speaker if isinstance(settings, HubSettings) else []:
        about = f"speaker:{section.id}"
        try:
            complaint = build_speaker(speaker_plan(section, Path())).probe()
        except (SpeakerError, StartError) as error:
            complaint = str(error)
        if complaint:
            yield subject.bad(about, "speaker_bad", id=section.id, reason=complaint)
        else:
            yield subject.good(about, "speaker_good", id=section.id, kind=section.kind)


PROBE = Probe("speakers", look, hub_only=True)
