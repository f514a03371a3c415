"""Hubs: what each box last said of itself, guarded against news of an older boot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from edge.link.messages import Birth, HubHeartbeat, HubState
from edge.township.store.portable import changed, insert_new
from edge.township.store.records import Camera, Hub
from edge.township.store.sight import EVERYTHING, Sight
from edge.township.store.tables import hubs

_SHOWN = [hubs.c[name] for name in Hub.__dataclass_fields__]


def touch(connection: sa.Connection, hub: str, *, now: float) -> None:
    """The hub spoke; make its row if this is the first word."""
    if not insert_new(connection, hubs, {"id": hub, "last_seen": now}):
        connection.execute(hubs.update().where(hubs.c.id == hub).values(last_seen=now))


def complain(connection: sa.Connection, hub: str, problem: str, *, now: float) -> None:
    """The hub broke the contract; keep the newest sentence."""
    insert_new(connection, hubs, {"id": hub})
    connection.execute(
        hubs.update().where(hubs.c.id == hub).values(problem=problem[:500], problem_at=now)
    )


def apply_state(connection: sa.Connection, hub: str, state: HubState, *, now: float) -> bool:
    """Take over a state or a will, unless it belongs to an older boot.

    A stream that differs from ours is a new memory card; its boot numbers start again, so only
    a living hub may introduce it, never a will.
    """
    insert_new(connection, hubs, {"id": hub})
    same = (hubs.c.stream == state.stream) & (hubs.c.boot <= state.boot)
    newer = same if state.s == "offline" else same | (hubs.c.stream != state.stream)
    if state.s == "offline":
        newer = newer | (hubs.c.stream == "")
    values: dict[str, Any] = {
        "state": state.s,
        "boot": state.boot,
        "stream": state.stream,
        "state_at": now,
    }
    statement = hubs.update().where(hubs.c.id == hub, newer).values(**values)
    return changed(connection, statement) == 1


def apply_birth(connection: sa.Connection, hub: str, birth: Birth, *, now: float) -> bool:
    """Take over who a hub is and what is connected to it."""
    values = _shared(birth, now) | {
        "village": birth.village,
        "grid": birth.grid,
        "version": birth.version[:80],
        "model": birth.model,
        "speakers": json.dumps([name[:48] for name in birth.speakers[:64]]),
        "stream": birth.stream,
        "state": "online",
        "state_at": now,
        "details": json.dumps(
            birth.model_dump(mode="json", include={"models", "versions", "capacity"}),
            ensure_ascii=False,
        )[:4000],
    }
    older = (hubs.c.stream == birth.stream) & (hubs.c.boot > birth.boot)
    return changed(connection, hubs.update().where(hubs.c.id == hub, ~older).values(**values)) == 1


def apply_heartbeat(connection: sa.Connection, hub: str, beat: HubHeartbeat, *, now: float) -> bool:
    """Take over how a hub is."""
    values = _shared(beat, now) | {
        "faults": json.dumps(list(beat.faults[:32]), ensure_ascii=False),
        "disk_free_mb": beat.disk_free_mb,
        "stream": beat.window.stream,
        "readings": beat.budget.model_dump_json() if beat.budget else "",
    }
    older = (hubs.c.stream == beat.window.stream) & (hubs.c.boot > beat.boot)
    return changed(connection, hubs.update().where(hubs.c.id == hub, ~older).values(**values)) == 1


def list_hubs(connection: sa.Connection, sight: Sight = EVERYTHING) -> list[Hub]:
    query = sa.select(*_SHOWN).where(sight.of_hub(hubs.c.id)).order_by(hubs.c.village, hubs.c.id)
    return [_hub(row) for row in connection.execute(query).mappings()]


def one_hub(connection: sa.Connection, hub: str) -> Hub | None:
    row = connection.execute(sa.select(*_SHOWN).where(hubs.c.id == hub)).mappings().first()
    return _hub(row) if row else None


@dataclass(frozen=True, slots=True)
class Details:
    """What a hub told of its machine and its line.

    Attributes:
        versions: Of the program's surroundings, by name.
        cores, memory_mb, disk_mb: 0 where it did not say.
        day, spent, limit: Bytes of a day on a metered line; limit 0: not metered.
    """

    models: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    cores: int = 0
    memory_mb: int = 0
    disk_mb: int = 0
    day: str = ""
    spent: int = 0
    limit: int = 0


def read_details(connection: sa.Connection, hub: str) -> Details:
    """What a hub told last; nothing if it never did."""
    query = sa.select(hubs.c.details, hubs.c.readings).where(hubs.c.id == hub)
    row = connection.execute(query).first()
    told, budget = (_json(text) for text in (row or ("", "")))
    capacity = told.get("capacity") or {}
    return Details(
        models=tuple(told.get("models") or ()),
        versions=told.get("versions") or {},
        cores=int(capacity.get("cores", 0)),
        memory_mb=int(capacity.get("memory_mb", 0)),
        disk_mb=int(capacity.get("disk_mb", 0)),
        day=str(budget.get("day", "")),
        spent=int(budget.get("spent", 0)),
        limit=int(budget.get("limit", 0)),
    )


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:  # cut off where it was too long
        return {}
    return found if isinstance(found, dict) else {}


def _shared(message: Birth | HubHeartbeat, now: float) -> dict[str, Any]:
    cameras = [
        {**camera.model_dump(), "fps_in": min(camera.fps_in, 1e4)}
        for camera in message.cameras[:256]
    ]
    return {
        "boot": message.boot,
        "last_seen": now,
        "queued": message.window.queued,
        "oldest_age_s": message.window.oldest_age_s,
        "cameras": json.dumps(cameras, ensure_ascii=False),
        "clock_trusted": message.clocktrusted,
    }


def _hub(row: Any) -> Hub:
    values = dict(row)
    values["cameras"] = tuple(Camera(**camera) for camera in json.loads(row["cameras"] or "[]"))
    values["speakers"] = tuple(json.loads(row["speakers"] or "[]"))
    values["faults"] = tuple(json.loads(row["faults"] or "[]"))
    return Hub(**values)
