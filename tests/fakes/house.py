"""A hub that is only pages deep: what `edge.web` needs, kept in lists."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from edge.clock import SimulatedClock
from edge.events import Bus, Change
from edge.ids import uuid7
from edge.store.records import AuditEntry, ClipRecord, Incident, PlayRecord, TuningRecord
from edge.web.house import CameraView, LinkView, Overview, SightView, SpeakerView


def a_picture(hue: int = 90) -> bytes:
    """A JPEG of a landscape with a box in it."""
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:200] = (200, 180, 150)
    picture[200:] = (70, 90 + hue // 2, 60)
    cv2.rectangle(picture, (290, 150), (340, 300), (50, 60, 70), -1)
    cv2.rectangle(picture, (270, 130), (360, 320), (0, 120, 250), 4)
    done, jpeg = cv2.imencode(".jpg", picture)
    assert done
    return jpeg.tobytes()


class FakeMemory:
    """`edge.web.house.Memory`; newest last in the lists."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.kept: list[Incident] = []
        self.played: list[PlayRecord] = []
        self.log: list[AuditEntry] = []

    def incidents(
        self,
        limit: int,
        before: str | None = None,
        camera: str | None = None,
        *,
        open_only: bool = False,
    ) -> list[Incident]:
        newest = list(reversed(self.kept))
        if before is not None:
            ids = [i.id for i in newest]
            newest = newest[ids.index(before) + 1 :] if before in ids else []
        return [
            i
            for i in newest
            if (camera is None or i.camera == camera) and not (open_only and i.closed)
        ][:limit]

    def incident(self, incident_id: str) -> Incident | None:
        return next((i for i in self.kept if i.id == incident_id), None)

    def plays(self, limit: int, incident: str | None = None) -> list[PlayRecord]:
        newest = reversed(self.played)
        return [p for p in newest if incident is None or p.incident == incident][:limit]

    def set_verdict(self, incident_id: str, verdict: str, who: str, reason: str = "") -> bool:
        self.log.append(AuditEntry(self._clock.stamp(), who, "verdict", incident_id))
        return self.change(incident_id, verdict=verdict, reason=reason)

    def change(self, incident_id: str, **changes: object) -> bool:
        for n, incident in enumerate(self.kept):
            if incident.id == incident_id:
                self.kept[n] = replace(incident, **changes)  # type: ignore[arg-type]
                return True
        return False

    def audit_log(self, limit: int) -> list[AuditEntry]:
        return list(reversed(self.log))[:limit]


class FakeHouse:
    """`edge.web.house.House`; what staff ordered is in `orders`."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.bus = Bus()
        self.store = FakeMemory(clock)
        self.pictures: dict[str, bytes] = {}
        self.clips: dict[str, tuple[ClipRecord | None, str]] = {}
        self.clip_files: dict[str, Path] = {}
        self.orders: list[tuple[object, ...]] = []
        self.sights: dict[str, SightView] = {}
        self.proposed: list[TuningRecord] = []
        self.well = True
        self.view = Overview(village="林家村", version="0.1.0", link=LinkView(connected=True))

    def furnish(self) -> None:
        """Three cameras, one of them lost; two loudspeakers; a link with something waiting."""
        now = self._clock.stamp()
        self.view = replace(
            self.view,
            link=LinkView(connected=True, queued=2, oldest_age_s=4.0, last_ack=now),
            cameras=(
                CameraView("gate", "村口", "watching", "", 12.0, 5.0, now, 640, 360),
                CameraView("pond", "水库东岸", "watching", "", 12.0, 0.125, now, 640, 360),
                CameraView("school", "小学门口", "lost", "wrong_password", since=now),
            ),
            speakers=(
                SpeakerView("yard", "alsa", healthy=True),
                SpeakerView("record", "file", healthy=True),
            ),
            model="village-patch-1",
            detect_ms=21.4,
            disk_free_mb=51200,
        )

    def overview(self) -> Overview:
        return self.view

    def healthy(self) -> bool:
        return self.well

    def metrics(self) -> str:
        return "# TYPE village_hub_up gauge\nvillage_hub_up 1\n"

    def evidence(self, sha256: str) -> bytes | None:
        return self.pictures.get(sha256)

    thumbnail = evidence

    def clip(self, incident_id: str) -> tuple[ClipRecord | None, str]:
        return self.clips.get(incident_id, (None, "There is no recording of this incident."))

    def clip_file(self, sha256: str) -> Path | None:
        return self.clip_files.get(sha256)

    def say(self, text: str, who: str, *, repeat: int, chime: bool) -> str:
        announcement = f"say-{len(self.orders) + 1}"
        self.orders.append(("say", text, who, repeat, chime))
        self.play(announcement, text, "queued", source="staff")
        return announcement

    def stop(self, announcement: str | None, who: str) -> None:
        self.orders.append(("stop", announcement, who))

    def judge(self, incident_id: str, verdict: str, who: str, reason: str = "") -> bool:
        return self.store.set_verdict(incident_id, verdict, who, reason)

    def sight(self, camera: str) -> SightView | None:
        return self.sights.get(camera)

    def tunings(self, camera: str) -> list[TuningRecord]:
        return [t for t in self.proposed if t.camera == camera]

    def decide_tuning(self, camera: str, tuning: str, decision: str, who: str) -> None:
        self.orders.append(("decide_tuning", camera, tuning, decision, who))
        self.proposed = [
            replace(t, state=decision, who=who) if t.id == tuning else t for t in self.proposed
        ]

    def warn_again(self, incident_id: str, who: str) -> None:
        self.orders.append(("warn_again", incident_id, who))

    def happen(
        self,
        camera: str = "pond",
        *,
        kind: str = "intrusion",
        severity: str = "urgent",
        zone_name: str = "水库东岸",
        label: str = "person",
        evidence: bytes = b"",
    ) -> Incident:
        """An incident opens, and the pages hear of it."""
        now = self._clock.stamp()
        sha256 = hashlib.sha256(evidence).hexdigest() if evidence else ""
        if evidence:
            self.pictures[sha256] = evidence
        incident = Incident(
            id=uuid7(now.wall_s),
            rev=1,
            kind=kind,
            severity=severity,
            camera=camera,
            camera_name={"pond": "水库东岸", "gate": "村口"}.get(camera, camera),
            zone="bank",
            zone_name=zone_name,
            label=label,
            score=0.82,
            count=1,
            dwell_s=4.2,
            box=None,
            opened=now,
            seen=now,
            evidence=sha256,
        )
        self.store.kept.append(incident)
        self.bus.publish(Change("incident", incident.id))
        return incident

    def play(
        self,
        announcement: str,
        text: str,
        state: str,
        *,
        source: str = "talkdown",
        incident: str = "",
        speaker: str = "yard",
        reason: str = "",
    ) -> PlayRecord:
        """A loudspeaker reports; a later report of the same announcement replaces the earlier."""
        now = self._clock.stamp()
        record = PlayRecord(
            announcement=announcement,
            speaker=speaker,
            text=text,
            priority=2,
            source=source,
            state=state,
            requested=now,
            changed=now,
            incident=incident,
            seconds=6.0 if state == "finished" else 0.0,
            reason=reason,
        )
        self.store.played = [
            p for p in self.store.played if (p.announcement, p.speaker) != (announcement, speaker)
        ] + [record]
        self.bus.publish(Change("play", announcement))
        return record
