"""What the village's pages see of the hub: plain records, a few reads, and what staff may order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.calendar_room import CalendarRoom
from edge.clock import Stamp
from edge.enrolment.keeper import CertificateView
from edge.events import Bus
from edge.store.records import AuditEntry, ClipRecord, Incident, PlayRecord, TuningRecord
from vision.boxes import Box
from vision.reports import SeenObject


@dataclass(frozen=True, slots=True)
class LinkView:
    """How it stands with the township.

    Attributes:
        queued: Rows that the township has not acknowledged.
        oldest_age_s: Age of the oldest of them; 0 when nothing waits.
        last_ack: When the township last acknowledged something; None since the start.
        fault: Why it is down, as a sentence; empty when it is up.
    """

    connected: bool
    queued: int = 0
    oldest_age_s: float = 0.0
    last_ack: Stamp | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera.

    Attributes:
        state: A `CameraState` value of vision, as text.
        fault: A `SourceFault` value while it is lost, else empty.
        since: When it came into this state.
        width, height: Pixels of its picture; 0 before the first.
        looked_every_s: Seconds between two looks, as it really was lately; 0: not known yet.
        gate, gate_why: How much of it is decoded and why, as in `vision.reports.CameraReport`.
        clock_offset_s: Seconds by which its clock is fast; None: it does not say.
        retry_in_s: While it is not seen: the pause before the next attempt.
    """

    id: str
    name: str
    state: str
    fault: str = ""
    fps_in: float = 0.0
    looked_at_fps: float = 0.0
    since: Stamp | None = None
    width: int = 0
    height: int = 0
    codec: str = ""
    looked_every_s: float = 0.0
    gate: str = ""
    gate_why: str = ""
    clock_offset_s: float | None = None
    retry_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SightView:
    """What the box saw at one look at a camera.

    Attributes:
        at: When.
        objects: What it follows.
        regions: What moved, fractions of the picture.
        time_in_motion: Part of the time in which anything moved, 0..1.
        watched_s: Seconds on which that stands.
        jpeg: The picture, privacy masks applied.
    """

    at: Stamp
    width: int
    height: int
    objects: tuple[SeenObject, ...] = ()
    regions: tuple[Box, ...] = ()
    time_in_motion: float = 0.0
    watched_s: float = 0.0
    jpeg: bytes = b""


@dataclass(frozen=True, slots=True)
class SpeakerView:
    """One loudspeaker.

    Attributes:
        kind: How it is driven: `alsa`, `file`, `silent`, …
        playing: Words that sound now; empty when it is quiet.
        queue: How many announcements wait.
        fault: Why it takes no sound, as a sentence; empty when it does.
        announcement: Id of what sounds now.
    """

    id: str
    kind: str
    healthy: bool
    playing: str = ""
    queue: int = 0
    fault: str = ""
    announcement: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """The box at a glance.

    Attributes:
        faults: What is wrong with the box, one sentence each.
        quarantined: What was done with a damaged database, as a sentence; empty if none was.
        certificate: How it stands with the certificate of the box; None if it has none.
    """

    village: str
    version: str
    link: LinkView
    cameras: tuple[CameraView, ...] = ()
    speakers: tuple[SpeakerView, ...] = ()
    model: str = ""
    detect_ms: float = 0.0
    disk_free_mb: int = 0
    clock_trusted: bool = True
    faults: tuple[str, ...] = ()
    quarantined: str = ""
    certificate: CertificateView | None = None


class Memory(Protocol):
    """What the pages read of the hub's store; `edge.store.hub.HubStore` is one."""

    def incidents(
        self,
        limit: int,
        before: str | None = None,
        camera: str | None = None,
        *,
        open_only: bool = False,
    ) -> list[Incident]:
        """Newest first, after the incident `before`."""
        ...

    def incident(self, incident_id: str) -> Incident | None: ...

    def plays(self, limit: int, incident: str | None = None) -> list[PlayRecord]:
        """Newest first, of one incident or of all."""
        ...

    def audit_log(self, limit: int) -> list[AuditEntry]:
        """Newest first."""
        ...


class House(Protocol):
    """The hub behind the pages.

    Every method may be called from any thread, may block for a moment, and raises `EdgeError`
    with a sentence for the person at the page.
    """

    @property
    def bus(self) -> Bus:
        """Topics the pages listen for: `incident`, `evidence`, `play`, `camera`, `hub`, `link`."""
        ...

    @property
    def store(self) -> Memory: ...

    @property
    def calendar(self) -> CalendarRoom: ...

    def overview(self) -> Overview: ...

    def healthy(self) -> bool:
        """Whether the essential parts run; asked by `/healthz`."""
        ...

    def metrics(self) -> str:
        """Figures in the text format of Prometheus."""
        ...

    def evidence(self, sha256: str) -> bytes | None:
        """The evidence JPEG, or None when it was pruned."""
        ...

    def clip(self, incident_id: str) -> tuple[ClipRecord | None, str]:
        """The recording of an incident, or None and why it cannot be seen."""
        ...

    def clip_file(self, sha256: str) -> Path | None:
        """The MP4 file of a recording; None if it is not kept any more."""
        ...

    def thumbnail(self, sha256: str) -> bytes | None:
        """The same picture in at most 30 KB, for lists."""
        ...

    def say(self, text: str, who: str, *, repeat: int, chime: bool) -> str:
        """Speak now on every loudspeaker; returns the id of the announcement. Audited."""
        ...

    def stop(self, announcement: str | None, who: str) -> None:
        """Stop one announcement, or with None everything that sounds or waits. Audited."""
        ...

    def judge(self, incident_id: str, verdict: str, who: str, reason: str = "") -> bool:
        """Keep `confirmed` or `false_alarm`, with its reason, and learn from it. Audited.

        Returns:
            False when there is no such incident.
        """
        ...

    def sight(self, camera: str) -> SightView | None:
        """The latest look that somebody asked for; asks for the next. None before the first."""
        ...

    def tunings(self, camera: str) -> list[TuningRecord]:
        """What was proposed for a camera and decided, newest first."""
        ...

    def decide_tuning(self, camera: str, tuning: str, decision: str, who: str) -> None:
        """Accept (`accepted`), refuse (`refused`) or undo (`undone`) a proposal. Audited."""
        ...

    def warn_again(self, incident_id: str, who: str) -> None:
        """Speak the warning of an incident once more, whatever its cool-down says. Audited."""
        ...
