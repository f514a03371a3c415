"""What was committed, by key: the proof behind every acknowledgement, and the holes in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from edge.township.store.portable import changed, insert_new
from edge.township.store.records import Gap
from edge.township.store.spans import without
from edge.township.store.tables import gaps, inbox, streams

WALK = 5000
"""Rows looked at for one heartbeat; a long backlog is checked over several."""

ASK_AGAIN_S = 600.0
STUCK_S = 60.0


@dataclass(frozen=True, slots=True)
class Key:
    """What makes a row of a hub's outbox unique."""

    hub: str
    stream: str
    seq: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a heartbeat says about the outbox: rows below `oldest` are not there any more."""

    hub: str
    stream: str
    oldest: int
    next_seq: int
    oldest_age_s: float


def keep(connection: sa.Connection, key: Key, **row: Any) -> bool:
    """Store a row once; False when it is here already."""
    values = {"hub": key.hub, "stream": key.stream, "seq": key.seq, **row}
    if not insert_new(connection, inbox, values):
        return False
    fill(connection, key)
    return True


def event_id_of(connection: sa.Connection, key: Key) -> str:
    """Event id under which a key was stored; empty if it is not."""
    found = connection.scalar(sa.select(inbox.c.event_id).where(*_is(inbox, key)))
    return str(found or "")


def flag(connection: sa.Connection, key: Key, problem: str) -> None:
    """Write down why a stored row could not be used."""
    connection.execute(inbox.update().where(*_is(inbox, key)).values(problem=problem))


def expire(connection: sa.Connection, gap: Gap, ranges: Sequence[tuple[int, int]] = ()) -> None:
    """The hub says that rows were dropped unsent: too old, superseded, or too many.

    Args:
        connection: Of the transaction.
        gap: What was dropped, from the first to the last number.
        ranges: The exact numbers where the hub told them; the whole of `gap` otherwise.
    """
    told = list(ranges) or [(gap.first_seq, gap.last_seq)]
    missing = connection.execute(
        sa.select(gaps).where(
            gaps.c.hub == gap.hub,
            gaps.c.stream == gap.stream,
            gaps.c.state == "missing",
            gaps.c.first_seq <= told[-1][1],
            gaps.c.last_seq >= told[0][0],
        )
    ).mappings()
    for hole in [Gap(**row) for row in missing]:
        _remove(connection, hole)
        for first, last in without((hole.first_seq, hole.last_seq), told):
            _put_missing(connection, hole, first, last)
    for first, last in told:
        count = last - first + 1 if ranges else gap.count
        piece = replace(gap, first_seq=first, last_seq=last, count=count)
        # The same number may have begun a hole that was filled or told before.
        _remove(connection, piece)
        insert_new(connection, gaps, _values(piece))


def check(connection: sa.Connection, claim: Claim, *, now: float) -> int | None:
    """Compare a hub's claim with what is here.

    Returns:
        The sequence number from which the hub should send again, or None.
    """
    known = connection.execute(
        sa.select(streams).where(streams.c.hub == claim.hub, streams.c.stream == claim.stream)
    ).first()
    if known is None:
        complete = _first_sight(connection, claim, now=now)
        asked_from, asked_at = 0, None
    else:
        complete, asked_from, asked_at = known.complete, known.asked_from, known.asked_at
    complete = _walk(connection, claim, complete, now=now)
    ask = (
        claim.oldest < claim.next_seq
        and claim.oldest_age_s >= STUCK_S
        and bool(event_id_of(connection, Key(claim.hub, claim.stream, claim.oldest)))
    )
    ask = ask and (asked_at is None or asked_from != claim.oldest or now - asked_at > ASK_AGAIN_S)
    values: dict[str, Any] = {
        "complete": complete,
        "oldest": claim.oldest,
        "next_seq": claim.next_seq,
    }
    if ask:
        values |= {"asked_from": claim.oldest, "asked_at": now}
    connection.execute(
        streams.update()
        .where(streams.c.hub == claim.hub, streams.c.stream == claim.stream)
        .values(**values)
    )
    return claim.oldest if ask else None


def missing_since(
    connection: sa.Connection, hub: str, stream: str, *, since: float
) -> list[tuple[int, int]]:
    """Holes that were noticed at or after a moment and are still open."""
    query = (
        sa.select(gaps.c.first_seq, gaps.c.last_seq)
        .where(
            gaps.c.hub == hub,
            gaps.c.stream == stream,
            gaps.c.state == "missing",
            gaps.c.noticed_at >= since,
        )
        .order_by(gaps.c.first_seq)
        .limit(256)
    )
    return [(int(row.first_seq), int(row.last_seq)) for row in connection.execute(query)]


def list_gaps(connection: sa.Connection, hub: str | None = None) -> list[Gap]:
    """Every hole ever noticed, newest first."""
    query = sa.select(gaps).order_by(gaps.c.noticed_at.desc(), gaps.c.first_seq.desc()).limit(200)
    if hub is not None:
        query = query.where(gaps.c.hub == hub)
    return [Gap(**row) for row in connection.execute(query).mappings()]


def _first_sight(connection: sa.Connection, claim: Claim, *, now: float) -> int:
    """Begin to follow a stream; what the hub forgot before we met it is no loss of ours."""
    complete = 0
    here = connection.scalar(
        sa.select(sa.func.min(inbox.c.seq)).where(
            inbox.c.hub == claim.hub, inbox.c.stream == claim.stream
        )
    )
    end = min(claim.oldest, here if here is not None else claim.oldest)
    if end > 1:
        before = Gap(claim.hub, claim.stream, 1, end - 1, "before", "", end - 1, now)
        insert_new(connection, gaps, _values(before))
        complete = end - 1
    insert_new(
        connection, streams, {"hub": claim.hub, "stream": claim.stream, "complete": complete}
    )
    return complete


def _walk(connection: sa.Connection, claim: Claim, complete: int, *, now: float) -> int:
    """Move `complete` up to the claim's oldest row and write down every hole on the way."""
    if claim.oldest - 1 <= complete:
        return complete
    query = (
        sa.select(inbox.c.seq)
        .where(
            inbox.c.hub == claim.hub,
            inbox.c.stream == claim.stream,
            inbox.c.seq > complete,
            inbox.c.seq < claim.oldest,
        )
        .order_by(inbox.c.seq)
        .limit(WALK)
    )
    present = [int(seq) for seq in connection.scalars(query)]
    for seq in present:
        if seq > complete + 1:
            _notice(connection, claim, complete + 1, seq - 1, now=now)
        complete = seq
    if len(present) < WALK and complete < claim.oldest - 1:
        _notice(connection, claim, complete + 1, claim.oldest - 1, now=now)
        complete = claim.oldest - 1
    return complete


def _notice(connection: sa.Connection, claim: Claim, first: int, last: int, *, now: float) -> None:
    told = connection.execute(
        sa.select(gaps.c.first_seq, gaps.c.last_seq).where(
            gaps.c.hub == claim.hub,
            gaps.c.stream == claim.stream,
            gaps.c.state == "expired",
            gaps.c.first_seq <= last,
            gaps.c.last_seq >= first,
        )
    ).all()
    for begin, end in without((first, last), [(row.first_seq, row.last_seq) for row in told]):
        gap = Gap(claim.hub, claim.stream, begin, end, "missing", "", end - begin + 1, now)
        insert_new(connection, gaps, _values(gap))


def _put_missing(connection: sa.Connection, hole: Gap, first: int, last: int) -> None:
    """A piece of a hole that is left, unless its rows have come meanwhile."""
    here = connection.scalar(
        sa.select(sa.func.count()).where(
            inbox.c.hub == hole.hub,
            inbox.c.stream == hole.stream,
            inbox.c.seq.between(first, last),
        )
    )
    left = last - first + 1 - int(here or 0)
    piece = replace(
        hole, first_seq=first, last_seq=last, count=left, state="missing" if left else "filled"
    )
    insert_new(connection, gaps, _values(piece))


def _remove(connection: sa.Connection, gap: Gap) -> None:
    connection.execute(
        gaps.delete().where(
            gaps.c.hub == gap.hub,
            gaps.c.stream == gap.stream,
            gaps.c.first_seq == gap.first_seq,
            gaps.c.state != "before",
        )
    )


def fill(connection: sa.Connection, key: Key) -> None:
    """A late row closes its hole when it was the last one missing."""
    holes = connection.execute(
        sa.select(gaps).where(
            gaps.c.hub == key.hub,
            gaps.c.stream == key.stream,
            gaps.c.state == "missing",
            gaps.c.first_seq <= key.seq,
            gaps.c.last_seq >= key.seq,
        )
    ).all()
    for hole in holes:
        here = connection.scalar(
            sa.select(sa.func.count()).where(
                inbox.c.hub == key.hub,
                inbox.c.stream == key.stream,
                inbox.c.seq.between(hole.first_seq, hole.last_seq),
            )
        )
        left = hole.last_seq - hole.first_seq + 1 - int(here or 0)
        changed(
            connection,
            gaps.update()
            .where(*_is(gaps, key, seq=gaps.c.first_seq == hole.first_seq))
            .values(count=left, state="missing" if left else "filled"),
        )


def _is(
    table: sa.Table, key: Key, *, seq: sa.ColumnElement[bool] | None = None
) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.hub == key.hub,
        table.c.stream == key.stream,
        seq if seq is not None else table.c.seq == key.seq,
    )


def _values(gap: Gap) -> dict[str, Any]:
    return {name: getattr(gap, name) for name in Gap.__dataclass_fields__}
