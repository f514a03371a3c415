"""Incidents as the box remembers them: one transaction with what the township learns of them.

The desk is told what vision reports and what the box notices about itself, grades it, gives it an
id and a revision, writes the evidence file first, then incident and outbox rows together. It
blocks on the disk, so it is called on one thread of its own, one report after the other.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, cast

from edge.clock import Clock, Stamp, corrected
from edge.errors import StoreError
from edge.ids import NewId
from edge.link.messages import EvidenceEvent, IncidentEvent
from edge.store.records import Incident, Lane, OutboxEntry
from vision.reports import IncidentReport, Phase

log = logging.getLogger(__name__)

WireSeverity = Literal["life_safety", "urgent", "notice"]

LANES = {"life_safety": Lane.LIFE_SAFETY, "urgent": Lane.INCIDENT, "notice": Lane.INCIDENT}
THUMBNAIL_KEPT_S = 3 * 86400.0
"""A picture that could not be sent for three days is dropped and counted; alerts never are."""
ADOPTED_S = 5.0
"""Who comes into view later than this after a camera is back is not who was there before."""
_OURS = frozenset({"camera_lost", "camera_clock"})
"""What the hub itself judges of a camera: it does not end with the worker."""
FORGOTTEN_S = 600.0
"""What was last seen longer ago, before the hub was restarted, is not what is there now."""


class IncidentMemory(Protocol):
    """What the desk needs of the store."""

    def save_incident(self, incident: Incident, entries: Sequence[OutboxEntry]) -> list[int]: ...

    def incident(self, incident_id: str) -> Incident | None: ...

    def open_incidents(self) -> list[Incident]: ...


class EvidenceMemory(Protocol):
    """Where pictures are kept."""

    def put(self, data: bytes) -> str: ...


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What the owner decided about a rule: how bad, and whether it is answered by speech."""

    severity: str
    speak: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every incident of this box says about where it is."""

    village: str
    grid: str
    cameras: Mapping[str, str]
    """Names of the cameras by id."""
    rules: Mapping[tuple[str, str, str, str], RuleFacts]
    """By (camera, kind, zone, rule); the last tells rules of one kind and zone apart."""

    def rule(self, camera: str, kind: str, zone: str, rule: str = "") -> RuleFacts:
        # A covered lens has no rule: it is for the technician and nothing to shout about.
        unruled = "notice" if kind.startswith("camera_") else "urgent"
        return self.rules.get((camera, kind, zone, rule), RuleFacts(unruled, speak=False))


Place = tuple[str, str, str, str]
"""(camera, kind, zone, rule): at most one incident is open for each."""


class IncidentDesk:
    """Turns reports into remembered incidents.

    Incidents that were open when the worker or the whole box died are adopted by the next report
    of the same camera, rule and zone if it tells of what was there when the camera came back. If
    it tells of somebody who came later, they are closed and he is an incident of his own, with a
    warning of his own. They are closed as well when the place turns out to be empty.
    """

    def __init__(
        self,
        store: IncidentMemory,
        evidence: EvidenceMemory,
        surroundings: Surroundings,
        *,
        clock: Clock,
        new_id: NewId,
        thumbnail: Callable[[bytes], bytes],
        on_change: Callable[[Incident, Phase], None],
        on_report: Callable[[IncidentReport, Incident], None] = lambda _report, _incident: None,
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._around = surroundings
        self._clock = clock
        self._new_id = new_id
        self._thumbnail = thumbnail
        self._on_change = on_change
        self._on_report = on_report
        self._open: dict[Place, Incident] = {_place_of(i): i for i in store.open_incidents()}
        self._orphans: set[Place] = set(self._open)
        self._inherited: set[Place] = set(self._open)
        self._back_mono_s: dict[str, float] = {}

    @property
    def open(self) -> list[Incident]:
        return list(self._open.values())

    def take(self, report: IncidentReport) -> Incident | None:
        """Remember what vision reports; returns the incident as it is now.

        Raises:
            StoreError: It could not be written; nothing was half written, and the next report of
                the same incident writes it whole.
        """
        place = (report.camera, report.kind, report.zone, report.rule)
        known = self._open.get(place)
        if known is not None and place in self._orphans and self._is_another(report, place):
            self._close_orphan(place)
            known = None
        if known is None:
            if report.phase is Phase.CLOSED:
                return None
            known = self._begin(report)
        self._orphans.discard(place)
        self._inherited.discard(place)
        sha = self._keep_picture(report.jpeg) if report.jpeg else ""
        closed = report.phase is Phase.CLOSED
        seen = self._at(report.frame_mono_s)
        incident = replace(
            known,
            rev=known.rev + 1,
            label=report.label or known.label,
            score=max(known.score, report.score),
            count=max(known.count, report.count),
            dwell_s=max(known.dwell_s, report.dwell_s),
            box=report.box if report.jpeg else known.box,
            seen=seen,
            closed=seen if closed else None,
            evidence=sha or known.evidence,
            sent=False,
        )
        phase = Phase.CLOSED if closed else Phase.OPENED if known.rev == 0 else Phase.UPDATED
        self._save(incident, phase, report.jpeg if sha else b"")
        self._on_report(report, incident)
        return incident

    def set_condition(
        self, kind: str, camera: str, *, holds: bool, severity: str, detail: str = ""
    ) -> Incident | None:
        """Open or close an incident about the box itself, for example `camera_lost`.

        Args:
            kind: Name of the condition.
            camera: Id of the camera, or `hub` for the box.
            severity: How bad it is, while it is opened.
            holds: Whether the condition is there now.
            detail: A fault's name, kept as the label.

        Returns:
            The incident if something changed.
        """
        place = (camera, kind, "", "")
        known = self._open.get(place)
        self._orphans.discard(place)
        if holds == (known is not None):
            return None
        now = self._clock.stamp()
        if known is None:
            incident = Incident(
                id=self._new_id(),
                rev=1,
                kind=kind,
                severity=severity,
                camera=camera,
                camera_name=self._around.cameras.get(camera, self._around.village),
                zone="",
                zone_name="",
                label=detail[:32],
                score=0.0,
                count=1,
                dwell_s=0.0,
                box=None,
                opened=now,
                seen=now,
            )
            self._save(incident, Phase.OPENED, b"")
            return incident
        incident = replace(known, rev=known.rev + 1, seen=now, closed=now, sent=False)
        self._save(incident, Phase.CLOSED, b"")
        return incident

    def close_orphans(self, cameras: Sequence[str]) -> None:
        """Close what was open on these cameras before a restart and was not seen again since."""
        for place in [p for p in self._orphans if p[0] in cameras]:
            self._close_orphan(place)

    def camera_back(self, camera: str) -> None:
        """The camera gives pictures again: who is seen from now on may have been there before."""
        self._back_mono_s[camera] = self._clock.monotonic()

    def worker_lost(self, cameras: Sequence[str]) -> None:
        """The worker of these cameras died: what it had open waits to be adopted."""
        self._orphans |= {p for p in self._open if p[0] in cameras and p[1] not in _OURS}

    def _close_orphan(self, place: Place) -> None:
        known = self._open[place]
        now = self._clock.stamp()
        self._save(replace(known, rev=known.rev + 1, closed=now, sent=False), Phase.CLOSED, b"")
        self._orphans.discard(place)

    def _is_another(self, report: IncidentReport, place: Place) -> bool:
        """Whether a report of a worker new to its camera is not of what was open before."""
        if report.phase is not Phase.OPENED:
            return False
        unseen_s = self._clock.wall() - self._open[place].seen.wall_s
        if place in self._inherited and unseen_s > FORGOTTEN_S:
            return True
        back_mono_s = self._back_mono_s.get(report.camera)
        return back_mono_s is not None and report.first_mono_s - back_mono_s > ADOPTED_S

    def _begin(self, report: IncidentReport) -> Incident:
        facts = self._around.rule(report.camera, report.kind, report.zone, report.rule)
        return Incident(
            id=self._new_id(),
            rev=0,
            kind=report.kind,
            severity=facts.severity,
            camera=report.camera,
            camera_name=self._around.cameras.get(report.camera, report.camera),
            zone=report.zone,
            zone_name=report.zone_name,
            label=report.label,
            score=0.0,
            count=0,
            dwell_s=0.0,
            box=report.box,
            opened=self._at(report.frame_mono_s),
            seen=self._at(report.frame_mono_s),
            rule=report.rule,
        )

    def _at(self, mono_s: float) -> Stamp:
        """The stamp of an earlier moment of this boot."""
        now = self._clock.stamp()
        return replace(now, mono_s=mono_s, wall_s=now.wall_s - (now.mono_s - mono_s))

    def _keep_picture(self, jpeg: bytes) -> str:
        """Write the evidence; an alert without its picture is better than none."""
        try:
            return self._evidence.put(jpeg)
        except (StoreError, OSError) as error:
            log.warning("evidence not kept bytes=%d reason=%s", len(jpeg), error)
            return ""

    def _save(self, incident: Incident, phase: Phase, jpeg: bytes) -> None:
        entries = [self._alert(incident, phase)]
        if jpeg:
            entries.append(self._picture(incident, jpeg))
        self._store.save_incident(incident, entries)
        place = _place_of(incident)
        if incident.closed is None:
            self._open[place] = incident
        else:
            self._open.pop(place, None)
        self._on_change(incident, phase)

    def _alert(self, incident: Incident, phase: Phase) -> OutboxEntry:
        now = self._clock.stamp()
        event = IncidentEvent(
            id=incident.id,
            rev=incident.rev,
            phase=phase.value,
            kind=incident.kind,
            severity=cast("WireSeverity", incident.severity),
            camera=incident.camera,
            camera_name=incident.camera_name,
            village=self._around.village,
            grid=self._around.grid,
            zone=incident.zone,
            zone_name=incident.zone_name,
            label=incident.label,
            score=round(min(1.0, incident.score), 3),
            count=incident.count,
            dwell_s=round(incident.dwell_s, 1),
            box=_rounded(incident.box),
            opened_at=corrected(incident.opened, now).utc,
            seen_at=corrected(incident.seen, now).utc,
            closed_at=corrected(incident.closed, now).utc if incident.closed else None,
        )
        return OutboxEntry(
            id=self._new_id(),
            type="cn.village.incident.v1",
            data=event.to_bytes(),
            lane=LANES.get(incident.severity, Lane.INCIDENT),
        )

    def _picture(self, incident: Incident, jpeg: bytes) -> OutboxEntry:
        event = EvidenceEvent(
            incident=incident.id,
            sha256=hashlib.sha256(jpeg).hexdigest(),
            size=len(jpeg),
            thumbnail=base64.b64encode(self._thumbnail(jpeg)).decode("ascii"),
        )
        return OutboxEntry(
            id=self._new_id(),
            type="cn.village.evidence.v1",
            data=event.to_bytes(),
            lane=Lane.THUMBNAIL,
            expires_s=THUMBNAIL_KEPT_S,
        )


def _place_of(incident: Incident) -> Place:
    return incident.camera, incident.kind, incident.zone, incident.rule


def _rounded(
    box: tuple[float, float, float, float] | None,
) -> tuple[float, float, float, float] | None:
    if box is None:
        return None
    left, top, right, bottom = (round(min(1.0, max(0.0, edge)), 4) for edge in box)
    return left, top, right, bottom
