"""Every kind of loudspeaker by its name in the settings: one file and one line here each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from broadcast.errors import SpeakerError
from broadcast.speakers.alsa import AlsaSpeaker
from broadcast.speakers.file import FileSpeaker
from broadcast.speakers.horns.driver import build_horn
from broadcast.speakers.horns.plan import HornPlan
from broadcast.speakers.http import HttpSpeaker
from broadcast.speakers.rtp import RtpSpeaker, RtpTarget
from broadcast.speakers.silent import SilentSpeaker
from broadcast.speakers.speaker import Speaker


@dataclass(frozen=True, slots=True)
class SpeakerPlan:
    """What the settings say of one loudspeaker; each kind takes what it needs.

    Attributes:
        device: `alsa`: name of the PCM.
        folder: `file`: where the WAV files go.
        horn: `http`: how it is reached; None is all defaults.
        rtp: `rtp`: where the packets go, and as what.
    """

    id: str
    kind: str
    zone: str = ""
    device: str = "default"
    folder: Path = Path("sound")
    horn: HornPlan | None = None
    rtp: RtpTarget = field(default_factory=lambda: RtpTarget("239.255.10.7:5004"))


def _horn(plan: SpeakerPlan) -> Speaker:
    horn = plan.horn or HornPlan(plan.id)
    return HttpSpeaker(plan.id, build_horn(horn), zone=plan.zone, volume=horn.volume)


SPEAKERS: dict[str, Callable[[SpeakerPlan], Speaker]] = {
    "alsa": lambda plan: AlsaSpeaker(plan.id, plan.device, zone=plan.zone),
    "file": lambda plan: FileSpeaker(plan.id, plan.folder, zone=plan.zone),
    "http": _horn,
    "rtp": lambda plan: RtpSpeaker(plan.id, plan.rtp, zone=plan.zone),
    "silent": lambda plan: SilentSpeaker(plan.id, zone=plan.zone),
}


def build_speaker(plan: SpeakerPlan) -> Speaker:
    """The loudspeaker that a plan describes; nothing is opened yet.

    Raises:
        SpeakerError: The kind is unknown.
    """
    try:
        build = SPEAKERS[plan.kind]
    except KeyError:
        kinds = ", ".join(sorted(SPEAKERS))
        raise SpeakerError(
            f"Loudspeaker {plan.id} is of the unknown kind {plan.kind!r}; there are: {kinds}."
        ) from None
    return build(plan)
