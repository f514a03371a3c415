"""Records of the box's memory, made up for tests."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

from edge.clock import Clock, Stamp
from edge.store.records import Incident, Lane, OutboxEntry


def an_incident(
    clock: Clock,
    *,
    rev: int = 1,
    camera: str = "gate",
    box: tuple[float, float, float, float] | None = None,
    evidence: str = "",
    closed: Stamp | None = None,
) -> Incident:
    """An intrusion at the gate, just now."""
    now = clock.stamp()
    return Incident(
        id=str(uuid.uuid4()),
        rev=rev,
        kind="intrusion",
        severity="urgent",
        camera=camera,
        camera_name="村口",
        zone="pond",
        zone_name="鱼塘",
        label="person",
        score=0.9,
        count=1,
        dwell_s=3.0,
        box=box,
        opened=now,
        seen=now,
        closed=closed,
        evidence=evidence,
    )


def an_entry(
    incident: Incident, *, lane: Lane = Lane.INCIDENT, expires_s: float | None = None
) -> OutboxEntry:
    """The alert of an incident, as the contract wants it."""
    moment = datetime.fromtimestamp(incident.seen.wall_s, tz=UTC).isoformat()
    data = {
        "id": incident.id,
        "rev": incident.rev,
        "phase": "opened" if incident.rev == 1 else "updated",
        "kind": incident.kind,
        "severity": incident.severity,
        "camera": incident.camera,
        "camera_name": incident.camera_name,
        "opened_at": moment,
        "seen_at": moment,
    }
    return OutboxEntry(
        id=str(uuid.uuid4()),
        type="cn.village.incident.v1",
        data=json.dumps(data, ensure_ascii=False).encode(),
        lane=lane,
        expires_s=expires_s,
    )
