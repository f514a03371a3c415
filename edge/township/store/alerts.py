"""Alerts: the newest revision of every incident, its history, its pictures, and who took it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from edge.link.messages import EvidenceEvent, IncidentEvent
from edge.township.cases.deadlines import Deadlines
from edge.township.store import cases
from edge.township.store.inbox import Key
from edge.township.store.portable import changed, insert_new
from edge.township.store.records import RANKS, RECEIVED, Alert, AlertEvent
from edge.township.store.tables import alerts, events, evidence

_COPIED = (
    *("rev", "phase", "kind", "severity", "camera", "camera_name", "village", "grid"),
    *("zone", "zone_name", "label", "score", "count", "dwell_s", "drill"),
)

VALUES = (*_COPIED, "rank", "box", "opened_at", "seen_at", "closed_at", "clock_trusted")
"""Columns that a newer revision replaces."""

_SHOWN = [alerts.c[name] for name in Alert.__dataclass_fields__ if name != "picture"]


def apply_incident(
    connection: sa.Connection,
    key: Key,
    event: IncidentEvent,
    *,
    trusted: bool,
    now: float,
    deadlines: Deadlines | None = None,
    origin: Mapping[str, Any] | None = None,
) -> None:
    """Write a revision into the history, and into the alert when it is newer than what is there.

    A first revision joins a case or begins one, due by `deadlines` (the defaults if not given).
    `origin` names the row of the hub it came in.
    """
    targets = deadlines or Deadlines()
    values = values_of(event, trusted=trusted) | dict(origin or {})
    one = {"hub": key.hub, "id": event.id}
    if insert_new(connection, alerts, first_row(key.hub, event.id, values, now=now)):
        cases.attach(connection, cases.Arrival(key.hub, event, trusted, now, targets))
    else:
        newer = alerts.c.rev < event.rev
        update = alerts.update().where(*_is(**one), newer).values(**values)
        if changed(connection, update) and event.phase == "closed":
            cases.notice_change(connection, key.hub, event.id)
    write_event(
        connection,
        hub=key.hub,
        incident=event.id,
        what=event.phase,
        rev=event.rev,
        at=event.seen_at.timestamp(),
        stored_at=now,
        data=event.model_dump_json(exclude_none=True),
        clock_trusted=trusted,
        **(origin or {}),
    )


def values_of(event: IncidentEvent, *, trusted: bool) -> dict[str, Any]:
    """What a revision says, by column."""
    return {name: getattr(event, name) for name in _COPIED} | {
        "rank": RANKS[event.severity],
        "box": ",".join(f"{side:.4f}" for side in event.box) if event.box else "",
        "opened_at": event.opened_at.timestamp(),
        "seen_at": event.seen_at.timestamp(),
        "closed_at": event.closed_at.timestamp() if event.closed_at else None,
        "clock_trusted": trusted,
    }


def first_row(hub: str, incident: str, values: Mapping[str, Any], *, now: float) -> dict[str, Any]:
    """The row of an alert whose first revision came."""
    return {"hub": hub, "id": incident, **values, "stored_at": now, "state": RECEIVED}


def apply_evidence(
    connection: sa.Connection, key: Key, event: EvidenceEvent, thumbnail: bytes, *, now: float
) -> None:
    """Keep a picture; it may come before its incident."""
    one = {"hub": key.hub, "incident": event.incident, "sha256": event.sha256}
    fresh = insert_new(
        connection,
        evidence,
        {
            **one,
            "size": event.size,
            "thumbnail": thumbnail,
            "stream": key.stream,
            "seq": key.seq,
            "stored_at": now,
        },
    )
    if fresh:
        cases.notice_picture(connection, key.hub, event.incident, event.sha256)


def write_event(connection: sa.Connection, **values: Any) -> None:
    """Add one line to the history of an alert; nothing is ever taken away."""
    connection.execute(events.insert().values(**values))


def one_alert(connection: sa.Connection, hub: str, incident: str) -> Alert | None:
    row = connection.execute(_select().where(*_is(hub, incident))).mappings().first()
    return _alert(row) if row else None


def open_alerts(connection: sa.Connection, limit: int) -> list[Alert]:
    """What is not over or not taken, worst first, then newest first."""
    query = _select().where(_still_open()).order_by(alerts.c.rank, alerts.c.stored_at.desc())
    return _all(connection, query.limit(limit))


def closed_alerts(connection: sa.Connection, limit: int) -> list[Alert]:
    """What is over and was taken, newest first."""
    query = _select().where(~_still_open()).order_by(alerts.c.stored_at.desc())
    return _all(connection, query.limit(limit))


def every_alert(connection: sa.Connection) -> list[Alert]:
    """All of them, in the order they were stored."""
    return _all(connection, _select().order_by(alerts.c.stored_at, alerts.c.id))


def count_open(connection: sa.Connection) -> int:
    return int(
        connection.scalar(sa.select(sa.func.count()).select_from(alerts).where(_still_open())) or 0
    )


def history(connection: sa.Connection, hub: str, incident: str) -> list[AlertEvent]:
    """The history of one alert: its revisions in their order, then what people did, by time."""
    query = (
        sa.select(
            events.c.what, events.c.who, events.c.at, events.c.rev, events.c.note, events.c.data
        )
        .where(events.c.hub == hub, events.c.incident == incident)
        .order_by(events.c.stored_at, events.c.rev.is_(None), events.c.rev, events.c.id)
        .limit(500)
    )
    return [AlertEvent(**row) for row in connection.execute(query).mappings()]


def picture(connection: sa.Connection, hub: str, incident: str, sha256: str) -> bytes | None:
    found = connection.scalar(
        sa.select(evidence.c.thumbnail).where(
            evidence.c.hub == hub, evidence.c.incident == incident, evidence.c.sha256 == sha256
        )
    )
    return bytes(found) if found is not None else None


def _still_open() -> sa.ColumnElement[bool]:
    return (alerts.c.state == RECEIVED) | (alerts.c.phase != "closed")


def _is(hub: str, id: str) -> tuple[sa.ColumnElement[bool], ...]:  # noqa: A002 (column's name)
    return alerts.c.hub == hub, alerts.c.id == id


def _select() -> sa.Select[Any]:
    newest = (
        sa.select(evidence.c.sha256)
        .where(evidence.c.hub == alerts.c.hub, evidence.c.incident == alerts.c.id)
        .order_by(evidence.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.select(*_SHOWN, sa.func.coalesce(newest, "").label("picture"))


def _all(connection: sa.Connection, query: sa.Select[Any]) -> list[Alert]:
    return [_alert(row) for row in connection.execute(query).mappings()]


def _alert(row: Iterable[Any]) -> Alert:
    return Alert(**dict(row))
