"""Cases: alerts of one camera and kind become one matter; every step of it is kept.

All writing is compare-and-set inside the caller's transaction, so that several programs on one
database never take, move or escalate a case twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from edge.errors import StoreError
from edge.link.messages import IncidentEvent
from edge.township.cases.deadlines import Deadlines
from edge.township.cases.states import State
from edge.township.store.case_records import (
    QUEUE_ENDED,
    QUEUE_NEW,
    Case,
    CaseFilter,
    CaseStep,
    Place,
)
from edge.township.store.portable import changed, insert_new
from edge.township.store.records import ACKNOWLEDGED, RANKS, RECEIVED
from edge.township.store.sight import EVERYTHING, Sight
from edge.township.store.tables import alerts, case_alerts, case_photos, case_steps, cases, evidence

# Built once: an alert on its way in must not wait for statements to be put together.
_INSERT_CASE: dict[str, sa.Executable] = {
    "sqlite": sqlite.insert(cases).on_conflict_do_nothing().returning(cases.c.id),
    "postgresql": postgresql.insert(cases).on_conflict_do_nothing().returning(cases.c.id),
}
_INSERT_ALERT = case_alerts.insert()
_PICTURE = (
    sa.select(evidence.c.sha256)
    .where(
        evidence.c.hub == sa.bindparam("of_hub"),
        evidence.c.incident == sa.bindparam("of_incident"),
    )
    .order_by(evidence.c.stored_at.desc())
    .limit(1)
)
_SHOWN = [cases.c[name] for name in Case.__dataclass_fields__]
_STEPS = [case_steps.c[name] for name in CaseStep.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new alert on its way into a case."""

    hub: str
    event: IncidentEvent
    trusted: bool
    now: float
    deadlines: Deadlines

    @property
    def key(self) -> str:
        """What alerts must share to become one case."""
        event = self.event
        return f"{self.hub}/{event.camera}/{event.kind}{'/drill' if event.drill else ''}"

    @property
    def gravity(self) -> int:
        return len(RANKS) - 1 - RANKS[self.event.severity]


def attach(connection: sa.Connection, new: Arrival) -> int:
    """Let a new alert join the open case of its camera and kind, or begin one; returns its id."""
    picture = _newest_picture(connection, new.hub, new.event.id)
    number = _begin(connection, new, picture)
    if number is None:
        case = _by_key(connection, new.key)
        quiet = case["newest_at"] < new.now - new.deadlines.merge_s
        if case["queue"] != QUEUE_NEW and quiet:
            # Somebody took that case and it was quiet since: this is a new matter.
            changed(
                connection, cases.update().where(cases.c.id == case["id"]).values(open_key=None)
            )
            number = _begin(connection, new, picture)
    one = {"hub": new.hub, "incident": new.event.id}
    if number is None:
        number = int(case["id"])
        _join(connection, case, new, picture)
        connection.execute(_INSERT_ALERT, one | {"case_id": number})
        if case["queue"] != QUEUE_NEW:
            _take_alerts(connection, number, str(case["owner"]), new.now)
    else:
        connection.execute(_INSERT_ALERT, one | {"case_id": number})
    return number


def notice_change(connection: sa.Connection, hub: str, incident: str) -> None:
    """A newer revision was applied: the case shows whether it is over at the place."""
    case = case_of(connection, hub, incident)
    if case is None:
        return
    running = (
        sa.select(alerts.c.id)
        .join(
            case_alerts,
            (case_alerts.c.hub == alerts.c.hub) & (case_alerts.c.incident == alerts.c.id),
        )
        .where(case_alerts.c.case_id == case, alerts.c.phase != "closed")
        .limit(1)
    )
    over = connection.scalar(running) is None
    connection.execute(
        cases.update()
        .where(cases.c.id == case, cases.c.over != over)
        .values(over=over, version=cases.c.version + 1)
    )


def notice_picture(connection: sa.Connection, hub: str, incident: str, sha256: str) -> None:
    """A picture came: the case shows the newest."""
    case = case_of(connection, hub, incident)
    if case is not None:
        connection.execute(
            cases.update()
            .where(cases.c.id == case)
            .values(picture=f"{incident}/{sha256}", version=cases.c.version + 1)
        )


def case_of(connection: sa.Connection, hub: str, incident: str) -> int | None:
    """The case an alert belongs to."""
    same = (case_alerts.c.hub == hub) & (case_alerts.c.incident == incident)
    found = connection.scalar(sa.select(case_alerts.c.case_id).where(same))
    return None if found is None else int(found)


def one_case(connection: sa.Connection, case: int, sight: Sight = EVERYTHING) -> Case | None:
    """A case, if it is within this sight."""
    seen = sight.of_camera(cases.c.hub, cases.c.camera)
    row = connection.execute(sa.select(*_SHOWN).where(cases.c.id == case, seen)).mappings().first()
    return Case(**row) if row else None


def move(
    connection: sa.Connection, before: Case, values: Mapping[str, Any], step: CaseStep
) -> bool:
    """Change a case and write the step down, unless it changed since it was read."""
    same = (cases.c.id == before.id) & (cases.c.version == before.version)
    done = changed(
        connection, cases.update().where(same).values(version=before.version + 1, **values)
    )
    if done != 1:
        return False
    _write_step(connection, before.id, step)
    if values.get("queue", QUEUE_NEW) != QUEUE_NEW and before.queue == QUEUE_NEW:
        _take_alerts(connection, before.id, step.who, step.at)
    return True


def keep_photo(
    connection: sa.Connection, case: int, sha256: str, jpeg: bytes, *, who: str, now: float
) -> bool:
    """Keep a photo; False when the case has it already."""
    values = {"case_id": case, "sha256": sha256, "jpeg": jpeg, "who": who, "at": now}
    return insert_new(connection, case_photos, values)


def photo(connection: sa.Connection, case: int, sha256: str) -> bytes | None:
    same = (case_photos.c.case_id == case) & (case_photos.c.sha256 == sha256)
    found = connection.scalar(sa.select(case_photos.c.jpeg).where(same))
    return bytes(found) if found is not None else None


def count_photos(connection: sa.Connection, case: int) -> int:
    query = sa.select(sa.func.count()).where(case_photos.c.case_id == case)
    return int(connection.scalar(query) or 0)


def steps_of(connection: sa.Connection, case: int) -> list[CaseStep]:
    """The story of a case, oldest first."""
    query = (
        sa.select(*_STEPS).where(case_steps.c.case_id == case).order_by(case_steps.c.id).limit(500)
    )
    return [CaseStep(**row) for row in connection.execute(query).mappings()]


def told_so_far(connection: sa.Connection, case: int, since: float) -> frozenset[str]:
    """Whom escalations of the step that began `since` have told."""
    query = sa.select(case_steps.c.to).where(
        case_steps.c.case_id == case, case_steps.c.action == "escalate", case_steps.c.at >= since
    )
    return frozenset(name for (name,) in connection.execute(query) if name)


def alerts_of(connection: sa.Connection, case: int, limit: int = 100) -> list[tuple[str, str]]:
    """(hub, incident) of the alerts of a case, newest first."""
    query = (
        sa.select(case_alerts.c.hub, case_alerts.c.incident)
        .join(alerts, (case_alerts.c.hub == alerts.c.hub) & (case_alerts.c.incident == alerts.c.id))
        .where(case_alerts.c.case_id == case)
        .order_by(alerts.c.stored_at.desc(), alerts.c.id.desc())
        .limit(limit)
    )
    return [(hub, incident) for hub, incident in connection.execute(query)]


def list_cases(
    connection: sa.Connection, wanted: CaseFilter, *, after: Place | None = None, limit: int
) -> list[Case]:
    """What nobody has first, then the gravest, then the newest; `after` begins the next page."""
    query = sa.select(*_SHOWN).where(*_conditions(wanted))
    if after is not None:
        query = query.where(_behind(after))
    order = [cases.c[name].desc() for name in ("queue", "gravity", "newest_at", "id")]
    rows = connection.execute(query.order_by(*order).limit(limit)).mappings()
    return [Case(**row) for row in rows]


def count_cases(connection: sa.Connection, wanted: CaseFilter) -> int:
    query = sa.select(sa.func.count()).select_from(cases).where(*_conditions(wanted))
    return int(connection.scalar(query) or 0)


def cases_to_escalate(connection: sa.Connection, *, now: float, limit: int = 100) -> list[Case]:
    """What nobody did in time and somebody else must hear of, the longest overdue first."""
    query = (
        sa.select(*_SHOWN)
        .where(cases.c.next_at <= now, cases.c.queue > QUEUE_ENDED)
        .order_by(cases.c.next_at)
        .limit(limit)
    )
    return [Case(**row) for row in connection.execute(query).mappings()]


def _conditions(wanted: CaseFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.queues:
        found.append(cases.c.queue.in_(wanted.queues))
    exact = ("state", "severity", "kind", "hub", "grid", "assignee", "owner")
    found += [cases.c[name] == value for name in exact if (value := getattr(wanted, name))]
    if wanted.late_at is not None:
        found += [cases.c.queue > QUEUE_ENDED, cases.c.due_at <= wanted.late_at]
    if wanted.mine:
        names = cases.c.owner, cases.c.assignee, cases.c.told
        found.append(sa.or_(*(name == wanted.mine for name in names)))
    if wanted.sight != EVERYTHING:
        found.append(wanted.sight.of_camera(cases.c.hub, cases.c.camera))
    return found


def _behind(place: Place) -> sa.ColumnElement[bool]:
    """Strictly after a place in the order of `list_cases`; both databases know row values."""
    row = sa.tuple_(cases.c.queue, cases.c.gravity, cases.c.newest_at, cases.c.id)
    return row < (place.queue, place.gravity, place.newest_at, place.id)


def first_values(new: Arrival, picture: str = "") -> dict[str, Any]:
    """The row of a case that begins with this alert."""
    copied = ("village", "grid", "camera", "camera_name", "zone_name", "kind", "severity", "drill")
    event, now = new.event, new.now
    due = new.deadlines.due(event.kind, event.severity, State.RECEIVED, now)
    return {name: getattr(event, name) for name in copied} | {
        "open_key": new.key,
        "version": 1,
        "hub": new.hub,
        "incident": event.id,
        "gravity": new.gravity,
        "clock_trusted": new.trusted,
        "count": 1,
        "first_at": now,
        "newest_at": now,
        "since_at": now,
        "opened_at": event.opened_at.timestamp(),
        "over": event.phase == "closed",
        "state": State.RECEIVED.value,
        "queue": QUEUE_NEW,
        "due_at": due,
        "next_at": due,
        "picture": picture,
    }


def _join(connection: sa.Connection, case: Mapping[str, Any], new: Arrival, picture: str) -> None:
    values: dict[str, Any] = {
        "count": cases.c.count + 1,
        "version": cases.c.version + 1,
        "newest_at": new.now,
    }
    event = new.event
    if event.phase != "closed":
        values["over"] = False
    if picture:
        values["picture"] = picture
    if new.gravity > case["gravity"]:
        values |= {"gravity": new.gravity, "severity": event.severity}
        due = new.deadlines.due(event.kind, event.severity, State(case["state"]), new.now)
        if due is not None and (case["due_at"] is None or due < case["due_at"]):
            values |= {"due_at": due, "next_at": due}
    connection.execute(cases.update().where(cases.c.id == case["id"]).values(**values))


def _by_key(connection: sa.Connection, key: str) -> Mapping[str, Any]:
    # FOR UPDATE: whoever closes the case at this moment waits, or we see that it is closed.
    query = sa.select(cases).where(cases.c.open_key == key).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise StoreError("A case was closed while an alert joined it; the alert comes again.")
    return dict(row)


def _begin(connection: sa.Connection, new: Arrival, picture: str) -> int | None:
    """Number of a fresh case, or None when there is an open one already."""
    statement = _INSERT_CASE[connection.dialect.name]
    found = connection.scalar(statement, first_values(new, picture))
    return None if found is None else int(found)


def _newest_picture(connection: sa.Connection, hub: str, incident: str) -> str:
    found = connection.scalar(_PICTURE, {"of_hub": hub, "of_incident": incident})
    return f"{incident}/{found}" if found else ""


def _take_alerts(connection: sa.Connection, case: int, who: str, now: float) -> None:
    mine = sa.select(case_alerts.c.incident).where(
        case_alerts.c.case_id == case, case_alerts.c.hub == alerts.c.hub
    )
    connection.execute(
        alerts.update()
        .where(alerts.c.id.in_(mine), alerts.c.state == RECEIVED)
        .values(state=ACKNOWLEDGED, acknowledged_by=who, acknowledged_at=now)
    )


def _write_step(connection: sa.Connection, case: int, step: CaseStep) -> None:
    values = {name: getattr(step, name) for name in CaseStep.__dataclass_fields__}
    connection.execute(case_steps.insert().values(case_id=case, **values))
