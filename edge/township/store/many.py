"""Rows of many hubs in few statements: what an ingest under load spends its time on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from edge.link.messages import EvidenceEvent
from edge.township.store.alerts import VALUES
from edge.township.store.given import Rows, Statement, newest, once
from edge.township.store.inbox import Key
from edge.township.store.portable import insert_new
from edge.township.store.tables import alerts, case_alerts, cases, events, evidence, gaps, hubs
from edge.township.store.tables import inbox as inbox_table

SEEN_EVERY_S = 1.0
"""How exact the last word of a busy hub is kept."""

ORIGIN = ("stream", "seq", "boot_id", "mono_s")
_FIRST = ("hub", "id", *VALUES, *ORIGIN, "stored_at", "state")
_LINE = ("hub", "incident", "rev", "what", "at", "stored_at", "data", *ORIGIN, "clock_trusted")
_KEPT = ("hub", "stream", "seq", "event_id", "type", "raw", "received_at", "stored_at")

_keep = once(inbox_table, "hub", "stream", "seq", columns=_KEPT)
_begin = once(alerts, "hub", "id", columns=_FIRST)
_renew = newest(alerts, ("hub", "id"), (*VALUES, *ORIGIN), by="rev")
_write = once(events, columns=_LINE)


def _build_ids(_dialect: str, given: sa.FromClause) -> sa.Executable:
    table = inbox_table
    same = [table.c[name] == given.c[name] for name in ("hub", "stream", "seq")]
    shown = [table.c[name] for name in ("hub", "stream", "seq", "event_id")]
    return sa.select(*shown).select_from(given).join(table, sa.and_(*same))


def _build_holes(_dialect: str, given: sa.FromClause) -> sa.Executable:
    wanted = sa.select(given.c.hub)
    return sa.select(gaps.c.hub).where(gaps.c.hub.in_(wanted), gaps.c.state == "missing").distinct()


def _build_touch(dialect: str, given: sa.FromClause) -> sa.Executable:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    source = sa.select(given.c.id, given.c.last_seen).where(sa.true())
    fresh = make(hubs).from_select(["id", "last_seen"], source)
    long_ago = sa.func.abs(hubs.c.last_seen - fresh.excluded.last_seen) >= SEEN_EVERY_S
    return fresh.on_conflict_do_update(
        index_elements=[hubs.c.id],
        set_={"last_seen": fresh.excluded.last_seen},
        where=hubs.c.last_seen.is_(None) | long_ago,
    )


def _build_shown(_dialect: str, given: sa.FromClause) -> sa.Executable:
    same = (case_alerts.c.hub == given.c.hub) & (case_alerts.c.incident == given.c.incident)
    shown = case_alerts.c.case_id, case_alerts.c.hub, case_alerts.c.incident
    return sa.select(*shown).select_from(given).join(case_alerts, same)


_ids = Statement([inbox_table.c[name] for name in ("hub", "stream", "seq")], _build_ids)
_holes = Statement([gaps.c.hub], _build_holes)
_touch = Statement([hubs.c.id, hubs.c.last_seen], _build_touch)
cases_of = Statement([case_alerts.c.hub, case_alerts.c.incident], _build_shown)
"""Number of the case, hub and incident, for given alerts that have one."""

_PICTURES = (
    cases.update()
    .where(cases.c.id == sa.bindparam("of_case"))
    .values(picture=sa.bindparam("new_picture"), version=cases.c.version + 1)
)


def keep(connection: sa.Connection, rows: Rows) -> set[Key]:
    """Store rows of the inbox; gives the keys of those that are new."""
    return {Key(*found) for found in _keep(connection, rows)}


def event_ids(connection: sa.Connection, keys: Sequence[Key]) -> dict[Key, str]:
    """Under which event each key was stored."""
    rows = [{"hub": key.hub, "stream": key.stream, "seq": key.seq} for key in keys]
    return {Key(hub, stream, seq): found for hub, stream, seq, found in _ids(connection, rows)}


def hubs_with_holes(connection: sa.Connection, names: Iterable[str]) -> set[str]:
    """Those of the hubs of which rows are missing, so that a late one may fill a hole."""
    found = _holes(connection, [{"hub": name} for name in sorted(set(names))])
    return {str(hub) for (hub,) in found}


def begin_alerts(connection: sa.Connection, rows: Rows) -> set[tuple[str, str]]:
    """Store alerts that were not known; gives (hub, incident) of those."""
    return {(hub, incident) for hub, incident in _begin(connection, rows)}


def renew_alerts(connection: sa.Connection, rows: Rows) -> None:
    """Bring alerts up to date with the newest given revision of each, if it is newer."""
    newest_of: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        known = newest_of.get((row["hub"], row["id"]))
        if known is None or known["rev"] < row["rev"]:
            newest_of[row["hub"], row["id"]] = row
    _renew(connection, list(newest_of.values()))


def write_events(connection: sa.Connection, rows: Rows) -> None:
    """Add lines to the history of alerts."""
    _write(connection, rows)


def keep_pictures(
    connection: sa.Connection, found: Sequence[tuple[Key, EvidenceEvent, bytes]], *, now: float
) -> None:
    """Keep thumbnails; the cases they belong to show them."""
    fresh: dict[tuple[str, str], str] = {}
    for key, event, thumbnail in found:
        row = {
            "hub": key.hub,
            "incident": event.incident,
            "sha256": event.sha256,
            "size": event.size,
            "thumbnail": thumbnail,
            "stream": key.stream,
            "seq": key.seq,
            "stored_at": now,
        }
        if insert_new(connection, evidence, row):
            fresh[key.hub, event.incident] = event.sha256
    shown = {
        int(case): f"{incident}/{fresh[hub, incident]}"
        for case, hub, incident in cases_of(
            connection, [{"hub": hub, "incident": incident} for hub, incident in sorted(fresh)]
        )
    }
    if shown:
        values = [{"of_case": case, "new_picture": shown[case]} for case in sorted(shown)]
        connection.execute(_PICTURES, values)


def touch(connection: sa.Connection, names: Iterable[str], *, now: float) -> None:
    """These hubs spoke; their rows are made or brought up to date, in one order for everybody."""
    _touch(connection, [{"id": name, "last_seen": now} for name in sorted(set(names))])
