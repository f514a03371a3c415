"""Whether the voice speaks."""

from __future__ import annotations

from collections.abc import Iterator

from edge.cli.probes.finding import Finding, Probe, Subject
from edge.settings.schema import HubSettings


def look(subject: Subject) -> Iterator[Finding]:
    from broadcast.voices.registry import build_voice  # noqa: PLC0415 - a console has none

    settings = subject.settings
    if not isinstance(settings, HubSettings):
        return
    voice = build_voice(settings.broadcast.voice, settings.hub.language)
    try:
        complaint = voice.probe()
    finally:
        voice.close()
    if complaint:
        yield subject.bad("voice", "voice_bad", name=settings.broadcast.voice, reason=complaint)
    else:
        yield subject.good("voice", "voice_good", name=settings.broadcast.voice)


PROBE = Probe("voice", look, hub_only=True)
