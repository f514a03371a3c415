"""The hub as its pages see it: plain views of what the parts know, and what staff may order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from broadcast.player import Broadcaster
from edge import __version__
from edge.announcing import AnnouncingDesk
from edge.calendar_room import CalendarRoom
from edge.clips import ClipBook
from edge.clock import Clock, Stamp
from edge.conditions import free_mb
from edge.enrolment.keeper import CertificateView
from edge.errors import AccessRefused
from edge.events import Bus
from edge.health import CameraBoard
from edge.learning import LearningDesk
from edge.link.hub import HubLink
from edge.settings.schema import HubSettings
from edge.sighting import SightBoard
from edge.store.evidence import EvidenceStore
from edge.store.hub import HubStore
from edge.store.records import ClipRecord, Incident, TuningRecord
from edge.supervisor import WorkerSupervisor
from edge.web.house import CameraView, LinkView, Overview, SightView, SpeakerView
from vision.errors import VisionError
from vision.thumbnails import thumbnail

MOST_TEXT = 200
QUARANTINED = (
    "The database was damaged. It was set aside as {name} and a new one begun; detection went on. "
    "Ask your technician to look at the old file."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """The parts of a running hub that its pages show.

    Attributes:
        faults: What is wrong now, in sentences.
        warn: Speaks the warning of an incident.
        fresh: Whether every essential part gave a sign of life lately.
        certificate: How it stands with the certificate of the box; None without one.
    """

    settings: HubSettings
    clock: Clock
    bus: Bus
    store: HubStore
    evidence: EvidenceStore
    clips: ClipBook
    board: CameraBoard
    sights: SightBoard
    learning: LearningDesk
    link: HubLink
    announcing: AnnouncingDesk
    calendar: CalendarRoom
    broadcaster: Broadcaster
    supervisors: Sequence[WorkerSupervisor]
    faults: Callable[[], Sequence[str]]
    warn: Callable[[Incident], str]
    fresh: Callable[[], bool]
    certificate: Callable[[], CertificateView | None] = lambda: None


class Household:
    """Implements `edge.web.house.House` over a running hub."""

    def __init__(self, rooms: Rooms) -> None:
        self._hub = rooms

    @property
    def bus(self) -> Bus:
        return self._hub.bus

    @property
    def store(self) -> HubStore:
        return self._hub.store

    @property
    def calendar(self) -> CalendarRoom:
        return self._hub.calendar

    def overview(self) -> Overview:
        hub = self._hub
        workers = [s.status for s in hub.supervisors]
        aside = hub.store.quarantined
        return Overview(
            village=hub.settings.hub.village,
            version=__version__,
            link=self._link(),
            cameras=self._cameras(),
            speakers=self._speakers(),
            model=next((w.model for w in workers if w.model), ""),
            detect_ms=max((w.detect_ms for w in workers), default=0.0),
            disk_free_mb=free_mb(hub.settings.state.folder),
            clock_trusted=hub.clock.trusted(),
            faults=tuple(hub.faults()),
            quarantined=QUARANTINED.format(name=aside.name) if aside else "",
            certificate=hub.certificate(),
        )

    def healthy(self) -> bool:
        return self._hub.fresh()

    def metrics(self) -> str:
        return "".join(f"{line}\n" for line in _metrics(self.overview(), self._hub))

    def evidence(self, sha256: str) -> bytes | None:
        return self._hub.evidence.get(sha256)

    def clip(self, incident_id: str) -> tuple[ClipRecord | None, str]:
        return self._hub.clips.state(incident_id)

    def clip_file(self, sha256: str) -> Path | None:
        return self._hub.clips.path(sha256)

    def thumbnail(self, sha256: str) -> bytes | None:
        picture = self.evidence(sha256)
        try:
            return thumbnail(picture) if picture else None
        except VisionError:
            return None

    def say(self, text: str, who: str, *, repeat: int, chime: bool) -> str:
        words = text.strip()
        if not words or len(words) > MOST_TEXT:
            raise AccessRefused(f"Write between 1 and {MOST_TEXT} characters.")
        announcement = self._hub.announcing.staff_says(words, repeat=repeat, chime=chime)
        self.store.audit(who, "say", announcement)
        return announcement

    def stop(self, announcement: str | None, who: str) -> None:
        self._hub.announcing.stop(announcement)
        self.store.audit(who, "stop_sound", announcement or "*")

    def warn_again(self, incident_id: str, who: str) -> None:
        incident = self.store.incident(incident_id)
        if incident is None:
            raise AccessRefused("This incident is not known any more.")
        self._hub.warn(incident)
        self.store.audit(who, "warn_again", incident_id)

    def judge(self, incident_id: str, verdict: str, who: str, reason: str = "") -> bool:
        incident = self.store.incident(incident_id)
        if incident is None or not self.store.set_verdict(incident_id, verdict, who, reason):
            return False
        self._hub.learning.consider(incident.camera)
        return True

    def sight(self, camera: str) -> SightView | None:
        self._hub.sights.ask(camera)
        shown, latest = self._hub.sights.shown(camera), self._hub.sights.latest(camera)
        if shown is None or latest is None:
            return None
        report = shown.report
        return SightView(
            at=self._at(report.mono_s),
            width=report.width,
            height=report.height,
            objects=report.objects,
            regions=report.regions,
            time_in_motion=latest.report.time_in_motion,
            watched_s=latest.report.watched_s,
            jpeg=report.jpeg,
        )

    def tunings(self, camera: str) -> list[TuningRecord]:
        return self.store.tunings(camera)

    def decide_tuning(self, camera: str, tuning: str, decision: str, who: str) -> None:
        self._hub.learning.decide(camera, tuning, decision, who)

    def _link(self) -> LinkView:
        status = self._hub.link.status()
        last = status.last_ack_mono_s
        return LinkView(
            connected=status.connected,
            queued=status.queued,
            oldest_age_s=status.oldest_age_s,
            last_ack=self._at(last) if last is not None else None,
            fault=status.fault,
        )

    def _cameras(self) -> tuple[CameraView, ...]:
        names = {c.id: c.name for c in self._hub.settings.camera}
        return tuple(
            CameraView(
                id=health.report.camera,
                name=names.get(health.report.camera, health.report.camera),
                state=health.state.value,
                fault=health.report.fault,
                fps_in=health.report.fps_in,
                looked_at_fps=health.report.looked_at_fps,
                since=self._at(health.since_mono_s),
                width=health.report.width,
                height=health.report.height,
                codec=health.report.codec,
                looked_every_s=health.report.looked_every_s,
                gate=health.report.gate,
                gate_why=health.report.gate_why,
                clock_offset_s=health.report.clock_offset_s,
                retry_in_s=health.report.retry_in_s,
            )
            for health in self._hub.board.all()
        )

    def _speakers(self) -> tuple[SpeakerView, ...]:
        kinds = {s.id: s.kind for s in self._hub.settings.speaker}
        playing = {p.announcement: p.text for p in self.store.plays(limit=20)}
        return tuple(
            SpeakerView(
                id=status.id,
                kind=kinds.get(status.id, ""),
                healthy=status.healthy,
                playing=playing.get(status.playing, status.playing),
                queue=status.queue_length,
                fault=status.fault,
                announcement=status.playing,
            )
            for status in self._hub.broadcaster.status().speakers
        )

    def _at(self, mono_s: float) -> Stamp:
        now = self._hub.clock.stamp()
        return replace(now, mono_s=mono_s, wall_s=now.wall_s - (now.mono_s - mono_s))


def _metrics(overview: Overview, hub: Rooms) -> list[str]:
    """Prometheus text format 0.0.4; label values are ids, which need no escaping."""
    return [
        "# TYPE village_hub_link_connected gauge",
        f"village_hub_link_connected {int(overview.link.connected)}",
        "# TYPE village_hub_outbox_rows gauge",
        f"village_hub_outbox_rows {overview.link.queued}",
        "# TYPE village_hub_outbox_oldest_seconds gauge",
        f"village_hub_outbox_oldest_seconds {overview.link.oldest_age_s:.1f}",
        "# TYPE village_hub_disk_free_megabytes gauge",
        f"village_hub_disk_free_megabytes {overview.disk_free_mb}",
        "# TYPE village_hub_clock_trusted gauge",
        f"village_hub_clock_trusted {int(overview.clock_trusted)}",
        "# TYPE village_hub_detect_milliseconds gauge",
        f"village_hub_detect_milliseconds {overview.detect_ms:.2f}",
        "# TYPE village_hub_worker_starts_total counter",
        *(
            f'village_hub_worker_starts_total{{worker="{s.status.worker}"}} {s.status.starts}'
            for s in hub.supervisors
        ),
        "# TYPE village_hub_camera_watching gauge",
        *(
            f'village_hub_camera_watching{{camera="{c.id}"}} {int(c.state == "watching")}'
            for c in overview.cameras
        ),
        "# TYPE village_hub_camera_frames_per_second gauge",
        *(
            f'village_hub_camera_frames_per_second{{camera="{c.id}"}} {c.fps_in:.2f}'
            for c in overview.cameras
        ),
        "# TYPE village_hub_speaker_healthy gauge",
        *(
            f'village_hub_speaker_healthy{{speaker="{s.id}"}} {int(s.healthy)}'
            for s in overview.speakers
        ),
    ]
