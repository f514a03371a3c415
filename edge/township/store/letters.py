"""Webhooks and their letters: what happened becomes a letter in the store before it is sent.

The feed reads tables that are only added to. It remembers how far it has read and, because rows
of other transactions may become visible a little later than higher numbers, looks a little back
each time; the key of hook and event lets nothing be written twice.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from edge.township.store.audit import append
from edge.township.store.database import Database
from edge.township.store.outside_tables import feed_marks, letters, webhooks
from edge.township.store.portable import changed, insert_new
from edge.township.store.tables import alerts, case_steps, cases, events

WAITING, SENT, DEAD = "waiting", "sent", "dead"
BATCH = 200
BACK = 500
BACK_S = 3600.0
_SPACE = uuid.UUID("6f0a3c1e-6a52-5b0e-9a86-0d7b8c3f2e11")
_SHOWN = (
    *("id", "hub", "incident", "village", "grid", "camera", "camera_name", "zone_name", "kind"),
    *("severity", "drill", "state", "owner", "assignee", "count", "over"),
)
NAMES = ("case.opened", "case.step", "incident.opened", "incident.updated", "incident.closed")
"""What can be told."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told what happens."""

    id: int
    url: str
    names: tuple[str, ...]
    made_by: str
    made_at: float
    active: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """One thing one webhook is to be told.

    Attributes:
        event_id: The same for every attempt, and for every hook that is told of this event.
        answer: HTTP status of the last attempt; 0 if there was none.
        next_at: When it is tried next; None when it is over.
    """

    id: int
    hook: int
    event_id: str
    name: str
    body: str
    made_at: float
    state: str
    attempts: int
    next_at: float | None
    answer: int
    problem: str
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Happening:
    """A row of an append-only table as the feed sees it."""

    name: str
    key: str
    at: float
    data: dict[str, Any]


class Letters:
    """Hooks and what they are told. Every method may block; errors are `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hooks(self) -> list[Webhook]:
        """Those that were not removed, by number."""
        query = sa.select(webhooks).where(webhooks.c.removed_at.is_(None)).order_by(webhooks.c.id)
        with self._database.read() as connection:
            return [_hook(row) for row in connection.execute(query).mappings()]

    def add_hook(self, url: str, names: Iterable[str], *, by: str, now: float) -> int:
        """Keep a new hook, which is not told anything until it is switched on."""
        values = {"url": url, "names": " ".join(names), "made_by": by, "made_at": now}
        with self._database.write() as connection:
            made = connection.execute(webhooks.insert().values(**values).returning(webhooks.c.id))
            number = int(made.scalar_one())
            append(connection, at=now, who=by, action="add_webhook", target=f"#{number} {url}")
        return number

    def switch(self, number: int, *, on: bool, by: str, now: float) -> bool:
        """Tell a hook, or stop telling it; what waits goes on waiting. False if there is none."""
        action = "webhook_on" if on else "webhook_off"
        return self._change(number, {"active": on}, action, by=by, now=now)

    def remove_hook(self, number: int, *, by: str, now: float) -> bool:
        """Forget a hook and what it was not told yet; False if there is none."""
        gone = {"active": False, "removed_at": now}
        if not self._change(number, gone, "remove_webhook", by=by, now=now):
            return False
        with self._database.write() as connection:
            connection.execute(
                letters.delete().where(letters.c.hook == number, letters.c.state != SENT)
            )
        return True

    def feed(self, *, now: float) -> int:
        """Write letters for what happened since the last call; returns how many."""
        with self._database.write() as connection:
            ready = sa.select(webhooks).where(webhooks.c.active, webhooks.c.removed_at.is_(None))
            hooks = [_hook(row) for row in connection.execute(ready).mappings()]
            found = [
                *_new_cases(connection, now),
                *_new_steps(connection, now),
                *_new_revisions(connection, now),
            ]
            return sum(_write(connection, hook, one, now) for one in found for hook in hooks)

    def add_letter(self, hook: int, name: str, data: dict[str, Any], *, now: float) -> None:
        """A letter that follows from nothing that happened: a test."""
        one = Happening(name, str(uuid.uuid4()), now, data)
        with self._database.write() as connection:
            _insert(connection, hook, one, now)

    def due(self, *, now: float, limit: int = 20) -> list[Letter]:
        """What is to be tried now, of hooks that are on, the longest waiting first."""
        query = (
            sa.select(letters)
            .join(webhooks, webhooks.c.id == letters.c.hook)
            .where(letters.c.state == WAITING, letters.c.next_at <= now, webhooks.c.active)
            .order_by(letters.c.next_at, letters.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [Letter(**row) for row in connection.execute(query).mappings()]

    def note(
        self, letter: Letter, *, answer: int, problem: str, next_at: float | None, now: float
    ) -> None:
        """Write down what came of an attempt; `next_at` None with a problem means dead."""
        over = next_at is None
        state = WAITING if not over else (DEAD if problem else SENT)
        values = {
            "state": state,
            "attempts": letter.attempts + 1,
            "answer": answer,
            "problem": problem[:300],
            "next_at": next_at,
            "ended_at": now if over else None,
        }
        with self._database.write() as connection:
            connection.execute(letters.update().where(letters.c.id == letter.id).values(**values))

    def dead(self, limit: int = 100) -> list[Letter]:
        """What could not be delivered, the newest first."""
        return self._listed(letters.c.state == DEAD, limit)

    def counts(self) -> dict[tuple[int, str], int]:
        """How many letters each hook has in each state."""
        columns = letters.c.hook, letters.c.state
        query = sa.select(*columns, sa.func.count()).group_by(*columns)
        with self._database.read() as connection:
            return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}

    def resend(self, number: int, *, by: str, now: float) -> bool:
        """Try a dead letter again from the start; False if there is none."""
        same = (letters.c.id == number) & (letters.c.state == DEAD)
        fresh = {"state": WAITING, "attempts": 0, "next_at": now, "ended_at": None}
        with self._database.write() as connection:
            done = changed(connection, letters.update().where(same).values(**fresh)) == 1
            if done:
                append(connection, at=now, who=by, action="resend_letter", target=f"#{number}")
        return done

    def forget(self, *, before: float) -> int:
        """Drop letters that ended before a moment; returns how many."""
        old = letters.c.ended_at < before
        with self._database.write() as connection:
            return changed(connection, letters.delete().where(letters.c.state != WAITING, old))

    def _listed(self, condition: sa.ColumnElement[bool], limit: int) -> list[Letter]:
        query = sa.select(letters).where(condition).order_by(letters.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [Letter(**row) for row in connection.execute(query).mappings()]

    def _change(
        self, number: int, values: dict[str, Any], action: str, *, by: str, now: float
    ) -> bool:
        same = (webhooks.c.id == number) & webhooks.c.removed_at.is_(None)
        with self._database.write() as connection:
            done = changed(connection, webhooks.update().where(same).values(**values)) == 1
            if done:
                append(connection, at=now, who=by, action=action, target=f"#{number}")
        return done


def _new_cases(connection: sa.Connection, now: float) -> list[Happening]:
    rows = _fresh(connection, "cases", cases, cases.c.first_at, now)
    return [
        Happening("case.opened", f"case:{row['id']}", row["first_at"], {"case": _case(row)})
        for row in rows
    ]


def _new_steps(connection: sa.Connection, now: float) -> list[Happening]:
    found: list[Happening] = []
    for row in _fresh(connection, "case_steps", case_steps, case_steps.c.at, now):
        query = sa.select(cases).where(cases.c.id == row["case_id"])
        case = connection.execute(query).mappings().first()
        if case is None:
            continue
        step = {name: row[name] for name in ("action", "state", "who", "words", "to")}
        data = {"case": _case(case), "step": step | {"at": _iso(row["at"])}}
        found.append(Happening("case.step", f"step:{row['id']}", row["at"], data))
    return found


def _new_revisions(connection: sa.Connection, now: float) -> list[Happening]:
    found: list[Happening] = []
    for row in _fresh(connection, "events", events, events.c.stored_at, now):
        name = f"incident.{row['what']}"
        if name not in NAMES:
            continue
        query = sa.select(alerts).where(alerts.c.hub == row["hub"], alerts.c.id == row["incident"])
        alert = connection.execute(query).mappings().first()
        if alert is None:
            continue
        data = {name: alert[name] for name in _INCIDENT} | {
            "rev": row["rev"],
            "opened_at": _iso(alert["opened_at"]),
            "closed_at": _iso(alert["closed_at"]),
        }
        found.append(Happening(name, f"event:{row['id']}", row["stored_at"], {"incident": data}))
    return found


_INCIDENT = (
    *("hub", "id", "kind", "severity", "phase", "camera", "camera_name", "village", "grid"),
    *("zone_name", "label", "drill", "clock_trusted"),
)


def _fresh(
    connection: sa.Connection, name: str, table: sa.Table, when: sa.ColumnElement[float], now: float
) -> list[Any]:
    """Rows behind the mark, and the newest of those before it once more; moves the mark."""
    query = sa.select(feed_marks.c.last).where(feed_marks.c.name == name)
    last = connection.scalar(query)
    if last is None:
        # The first time there is nobody to tell of what was.
        newest = connection.scalar(sa.select(sa.func.max(table.c.id))) or 0
        insert_new(connection, feed_marks, {"name": name, "last": int(newest)})
        return []
    again = (table.c.id > last - BACK) & (when > now - BACK_S) & (table.c.id <= last)
    old = connection.execute(sa.select(table).where(again).order_by(table.c.id)).mappings().all()
    behind = sa.select(table).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
    new = connection.execute(behind).mappings().all()
    if new:
        mark = feed_marks.update().where(feed_marks.c.name == name)
        connection.execute(mark.values(last=new[-1]["id"]))
    return [*old, *new]


def _write(connection: sa.Connection, hook: Webhook, one: Happening, now: float) -> bool:
    if one.at < hook.made_at or (hook.names and one.name not in hook.names):
        return False
    return _insert(connection, hook.id, one, now)


def _insert(connection: sa.Connection, hook: int, one: Happening, now: float) -> bool:
    event_id = str(uuid.uuid5(_SPACE, one.key))
    body = {"id": event_id, "type": one.name, "time": _iso(one.at), "data": one.data}
    values = {
        "hook": hook,
        "event_id": event_id,
        "name": one.name,
        "body": json.dumps(body, ensure_ascii=False),
        "made_at": now,
        "state": WAITING,
        "next_at": now,
    }
    return insert_new(connection, letters, values)


def _hook(row: Any) -> Webhook:
    names = tuple(row["names"].split())
    return Webhook(row["id"], row["url"], names, row["made_by"], row["made_at"], row["active"])


def _case(row: Any) -> dict[str, Any]:
    said = {name: row[name] for name in _SHOWN}
    moments = ("first_at", "opened_at", "accepted_at", "reported_at", "ended_at")
    return said | {name: _iso(row[name]) for name in moments}


def _iso(wall_s: float | None) -> str | None:
    if wall_s is None:
        return None
    return datetime.fromtimestamp(wall_s, tz=UTC).isoformat(timespec="seconds")
