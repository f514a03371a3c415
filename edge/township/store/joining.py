"""Many new alerts find or begin their cases with few statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from edge.township.store import cases as one_by_one
from edge.township.store.case_records import QUEUE_NEW
from edge.township.store.cases import Arrival
from edge.township.store.given import Statement, once
from edge.township.store.many import cases_of
from edge.township.store.tables import alerts, case_alerts, cases, evidence

Alerts = Sequence[tuple[str, str]]
"""(hub, incident) of each."""

_COLUMNS = (
    *("open_key", "version", "hub", "incident", "village", "grid", "camera", "camera_name"),
    *("zone_name", "kind", "severity", "gravity", "drill", "clock_trusted", "count", "first_at"),
    *("newest_at", "opened_at", "over", "state", "queue", "due_at", "next_at", "since_at"),
    "picture",
)
_begin = once(cases, "id", "open_key", columns=_COLUMNS)
_note = once(case_alerts)


def _build_open(_dialect: str, given: sa.FromClause) -> sa.Executable:
    shown = cases.c.id, cases.c.open_key, cases.c.queue, cases.c.gravity
    # FOR UPDATE, in one order for everybody: whoever takes a case meanwhile waits, or we see it.
    return (
        sa.select(*shown)
        .where(cases.c.open_key.in_(sa.select(given.c.open_key)))
        .order_by(cases.c.id)
        .with_for_update()
    )


def _build_hold(_dialect: str, given: sa.FromClause) -> sa.Executable:
    wanted = sa.select(given.c.id)
    return (
        sa.select(cases.c.id).where(cases.c.id.in_(wanted)).order_by(cases.c.id).with_for_update()
    )


def _build_join(_dialect: str, given: sa.FromClause) -> sa.Executable:
    return (
        cases.update()
        .where(cases.c.id == given.c.id)
        .values(
            count=cases.c.count + given.c.count,
            version=cases.c.version + given.c.count,
            newest_at=given.c.newest_at,
            over=sa.and_(cases.c.over, given.c.over),
        )
    )


def _build_end(_dialect: str, given: sa.FromClause) -> sa.Executable:
    same = (case_alerts.c.hub == alerts.c.hub) & (case_alerts.c.incident == alerts.c.id)
    running = (
        sa.select(case_alerts.c.incident)
        .join(alerts, same)
        .where(case_alerts.c.case_id == cases.c.id, alerts.c.phase != "closed")
        .correlate(cases)
    )
    wanted = cases.c.id.in_(sa.select(given.c.id))
    return (
        cases.update()
        .where(wanted, cases.c.over == sa.false(), ~running.exists())
        .values(over=True, version=cases.c.version + 1)
    )


def _build_pictured(_dialect: str, given: sa.FromClause) -> sa.Executable:
    same = (evidence.c.hub == given.c.hub) & (evidence.c.incident == given.c.incident)
    return sa.select(given.c.hub, given.c.incident).select_from(given).join(evidence, same)


_open = Statement([cases.c.open_key], _build_open)
_hold = Statement([cases.c.id], _build_hold)
_join = Statement([cases.c.id, cases.c.count, cases.c.newest_at, cases.c.over], _build_join)
_end = Statement([cases.c.id], _build_end)
_pictured = Statement([evidence.c.hub, evidence.c.incident], _build_pictured)


def attach_many(connection: sa.Connection, arrivals: Sequence[Arrival]) -> None:
    """Let new alerts join the open cases of their cameras and kinds, or begin them.

    What needs thought (a case that somebody took, a graver alert, a picture that came first) goes
    the way of a single alert.
    """
    found = _open(connection, [{"open_key": key} for key in sorted({one.key for one in arrivals})])
    known = {str(key): (int(number), queue, gravity) for number, key, queue, gravity in found}
    wanted = [{"hub": one.hub, "incident": one.event.id} for one in arrivals]
    pictured = {(hub, incident) for hub, incident in _pictured(connection, wanted)}
    slow: list[Arrival] = []
    first: dict[str, Arrival] = {}
    joining: list[tuple[Arrival, int]] = []
    for one in arrivals:
        case = known.get(one.key)
        if (one.hub, one.event.id) in pictured or (case is None and one.key in first):
            slow.append(one)
        elif case is None:
            first[one.key] = one
        elif case[1] != QUEUE_NEW or one.gravity > case[2]:
            slow.append(one)
        else:
            joining.append((one, case[0]))
    begun = {
        str(key): int(number)
        for number, key in _begin(
            connection, [one_by_one.first_values(first[key]) for key in sorted(first)]
        )
    }
    slow += [one for key, one in first.items() if key not in begun]
    _join(connection, _sums(joining))
    joining += [(first[key], number) for key, number in begun.items()]
    _note(
        connection,
        [{"hub": one.hub, "incident": one.event.id, "case_id": number} for one, number in joining],
    )
    for one in slow:
        one_by_one.attach(connection, one)


def hold_many(connection: sa.Connection, ended: Alerts, keys: Iterable[str]) -> None:
    """Hold every case that is about to change until the commit, in one order for everybody.

    Two workers that end the last two alerts of a case would otherwise each see the other's alert
    still running, and nobody would end the case.
    """
    numbers = set(_numbers(connection, ended))
    known = _open(connection, [{"open_key": key} for key in sorted(set(keys))]) if numbers else []
    _hold(connection, [{"id": number} for number in sorted(numbers | {row[0] for row in known})])


def end_many(connection: sa.Connection, ended: Alerts) -> None:
    """Alerts ended at the place: their cases are over when no other alert of theirs runs."""
    _end(connection, [{"id": number} for number in _numbers(connection, ended)])


def _numbers(connection: sa.Connection, some: Alerts) -> list[int]:
    rows = [{"hub": hub, "incident": incident} for hub, incident in some]
    return sorted({int(case) for case, _, _ in cases_of(connection, rows)})


def _sums(joining: Sequence[tuple[Arrival, int]]) -> list[dict[str, Any]]:
    """What the alerts change in each case, together."""
    sums: dict[int, dict[str, Any]] = {}
    for one, number in joining:
        case = sums.setdefault(
            number, {"id": number, "count": 0, "newest_at": one.now, "over": True}
        )
        case["count"] += 1
        case["over"] = case["over"] and one.event.phase == "closed"
    return [sums[number] for number in sorted(sums)]
