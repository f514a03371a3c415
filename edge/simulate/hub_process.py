"""A village's real memory and link in a process of its own, to be killed at any moment.

`python -m edge.simulate.hub_process FOLDER NAME PORT COUNT SECONDS GUARD`: writes COUNT incidents
over about SECONDS, each with a picture and an end, and goes on after a kill where it stopped.
"""

from __future__ import annotations

import base64
import hashlib
import json
import signal
import sys
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

from edge.clock import Clock, SystemClock
from edge.ids import uuid7
from edge.link.connection import Address
from edge.link.hub import HubLink, HubLinkSettings
from edge.link.messages import Birth, HubHeartbeat, Window
from edge.link.orders import answer
from edge.link.signing import TrustedKeys
from edge.simulate.programs import TOWNSHIP
from edge.store.hub import HubStore
from edge.store.records import Incident, Lane, OutboxEntry


def main(words: list[str]) -> None:
    """Run until SIGTERM."""
    folder, name, port, count, seconds, guard_s = words
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stopping.set())
    clock = SystemClock(synchronised=lambda: True)
    store = HubStore.open(Path(folder), clock)
    link = HubLink(
        HubLinkSettings(
            Address("127.0.0.1", int(port), "5", username=name, keepalive_s=5),
            name,
            TOWNSHIP,
            heartbeat_s=5.0,
            guard_s=float(guard_s),
            ping_every_s=2.0,
            ping_timeout_s=3.0,
            rebirth_spread_s=1.0,
        ),
        store,
        lambda command, _left_s: answer(command.id, "done", "", clock),
        trusted_keys=TrustedKeys({}),
        birth=lambda window: _birth(store, window, clock),
        heartbeat=lambda window: HubHeartbeat(
            boot=store.boot, window=window, time=_now(clock), clocktrusted=True
        ),
        clock=clock,
    )
    link.start()
    pause_s = float(seconds) / int(count)
    # What is committed is known by the incidents themselves: a number is given once.
    number = len(store.incidents(1_000_000))
    while number < int(count) and not stopping.wait(pause_s / 2):
        number += 1
        incident = _incident(clock, number)
        store.save_incident(incident, [_alert(incident), _picture(incident)])
        link.wake()
        stopping.wait(pause_s / 2)
        _end(store, incident, clock)
        link.wake()
    for incident in store.incidents(1_000_000):
        if incident.closed is None:  # killed between an incident and its end
            _end(store, incident, clock)
    link.wake()
    stopping.wait()
    link.stop(1.0)
    store.close()


def picture_of(incident: str) -> bytes:
    """A JPEG by its first bytes, the same whenever it is asked for."""
    return b"\xff\xd8\xff" + hashlib.sha256(incident.encode()).digest() * 64


def _incident(clock: Clock, number: int) -> Incident:
    now = clock.stamp()
    return Incident(
        id=uuid7(now.wall_s),
        rev=1,
        kind="intrusion",
        severity="urgent",
        camera=f"cam-{number % 4}",
        camera_name="村口",
        zone="pond",
        zone_name="鱼塘",
        label="person",
        score=0.9,
        count=number,
        dwell_s=3.0,
        box=None,
        opened=now,
        seen=now,
        closed=None,
        evidence="",
    )


def _end(store: HubStore, incident: Incident, clock: Clock) -> None:
    now = clock.stamp()
    values = {name: getattr(incident, name) for name in Incident.__dataclass_fields__}
    ended = Incident(**values | {"rev": 2, "seen": now, "closed": now})
    store.save_incident(ended, [_alert(ended)])


def _alert(incident: Incident) -> OutboxEntry:
    moment = _text(incident.seen.wall_s)
    data: dict[str, object] = {
        "id": incident.id,
        "rev": incident.rev,
        "phase": "opened" if incident.closed is None else "closed",
        "kind": incident.kind,
        "severity": incident.severity,
        "camera": incident.camera,
        "camera_name": incident.camera_name,
        "count": incident.count,
        "opened_at": _text(incident.opened.wall_s),
        "seen_at": moment,
        **({"closed_at": moment} if incident.closed else {}),
    }
    return _entry("cn.village.incident.v1", data, Lane.INCIDENT)


def _picture(incident: Incident) -> OutboxEntry:
    jpeg = picture_of(incident.id)
    data: dict[str, object] = {
        "incident": incident.id,
        "sha256": hashlib.sha256(jpeg).hexdigest(),
        "size": len(jpeg),
        "thumbnail": base64.b64encode(jpeg).decode(),
    }
    return _entry("cn.village.evidence.v1", data, Lane.THUMBNAIL)


def _entry(type_: str, data: dict[str, object], lane: Lane) -> OutboxEntry:
    raw = json.dumps(data, ensure_ascii=False).encode()
    return OutboxEntry(id=str(uuid.uuid4()), type=type_, data=raw, lane=lane, expires_s=None)


def _birth(store: HubStore, window: Window, clock: Clock) -> Birth:
    return Birth(
        boot=store.boot,
        stream=window.stream,
        version="simulated",
        village="模拟村",
        window=window,
        time=_now(clock),
        clocktrusted=True,
    )


def _now(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.wall(), tz=UTC)


def _text(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, tz=UTC).isoformat()


if __name__ == "__main__":
    main(sys.argv[1:])
