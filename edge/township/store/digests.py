"""The daily comparison: what a hub says it gave us against what is here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from edge.link.messages import DigestEvent
from edge.township.store.inbox import Key
from edge.township.store.portable import insert_new
from edge.township.store.spans import Span, holes_in, without
from edge.township.store.tables import digests, gaps, inbox

EQUAL = "equal"
DIFFERS = "differs"
REPAIRED = "repaired"

ASK_AGAIN_S = 3600.0
CHECKED_FOR_S = 3 * 86_400.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One day of one hub.

    Attributes:
        state: `equal`, `differs`, or `repaired` when the difference was filled later.
        count, our_count: Events by the hub's account and by ours.
    """

    hub: str
    stream: str
    day: str
    first_seq: int
    last_seq: int
    count: int
    our_count: int
    state: str
    received_at: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What a comparison found: is it equal, and what should be sent again."""

    equal: bool
    our_count: int
    missing: tuple[Span, ...] = ()


def apply_digest(connection: sa.Connection, key: Key, event: DigestEvent, *, now: float) -> Finding:
    """Compare and write the result down."""
    finding = _compare(
        connection,
        key.hub,
        key.stream,
        (event.first_seq, max(event.first_seq, event.last_seq)),
        (event.count, event.sha256),
    )
    insert_new(
        connection,
        digests,
        {
            "hub": key.hub,
            "stream": key.stream,
            "first_seq": event.first_seq,
            "last_seq": event.last_seq,
            "day": event.day,
            "count": event.count,
            "sha256": event.sha256,
            "our_count": finding.our_count,
            "state": EQUAL if finding.equal else DIFFERS,
            "received_at": now,
            "asked_at": now if finding.missing else None,
        },
    )
    return finding


def check_again(
    connection: sa.Connection, hub: str, *, now: float
) -> list[tuple[str, tuple[Span, ...]]]:
    """Look again at the days of a hub that differed; returns what to ask for, by stream."""
    wishes: list[tuple[str, tuple[Span, ...]]] = []
    query = sa.select(digests).where(
        digests.c.state == DIFFERS,
        digests.c.hub == hub,
        digests.c.received_at > now - CHECKED_FOR_S,
    )
    for row in connection.execute(query.limit(20)).mappings().all():
        span = (int(row["first_seq"]), int(row["last_seq"]))
        told = (int(row["count"]), str(row["sha256"]))
        finding = _compare(connection, hub, row["stream"], span, told)
        ask = bool(finding.missing) and (
            row["asked_at"] is None or now - row["asked_at"] > ASK_AGAIN_S
        )
        if ask:
            wishes.append((row["stream"], finding.missing))
        if finding.equal or ask:
            connection.execute(
                digests.update()
                .where(
                    digests.c.hub == hub,
                    digests.c.stream == row["stream"],
                    digests.c.first_seq == row["first_seq"],
                )
                .values(
                    our_count=finding.our_count,
                    state=REPAIRED if finding.equal else DIFFERS,
                    asked_at=now if ask else row["asked_at"],
                )
            )
    return wishes


def list_comparisons(
    connection: sa.Connection, limit: int = 200, *, hub: str = ""
) -> list[Comparison]:
    """Newest first; of one hub, or of all."""
    shown = [digests.c[name] for name in Comparison.__dataclass_fields__]
    query = sa.select(*shown).order_by(digests.c.received_at.desc(), digests.c.hub).limit(limit)
    if hub:
        query = query.where(digests.c.hub == hub)
    return [Comparison(**row) for row in connection.execute(query).mappings()]


def _compare(
    connection: sa.Connection, hub: str, stream: str, span: Span, told_by_hub: tuple[int, str]
) -> Finding:
    count, sha256 = told_by_hub
    rows = connection.execute(
        sa.select(inbox.c.seq, inbox.c.event_id)
        .where(inbox.c.hub == hub, inbox.c.stream == stream, inbox.c.seq.between(*span))
        .order_by(inbox.c.seq)
    ).all()
    told = [
        (int(row.first_seq), int(row.last_seq))
        for row in connection.execute(
            sa.select(gaps.c.first_seq, gaps.c.last_seq).where(
                gaps.c.hub == hub,
                gaps.c.stream == stream,
                gaps.c.state == "expired",
                gaps.c.last_seq >= span[0],
                gaps.c.first_seq <= span[1],
            )
        )
    ]
    # What the hub dropped may have reached us all the same; it counts on neither side.
    ours = [
        (int(row.seq), str(row.event_id))
        for row in rows
        if not any(first <= row.seq <= last for first, last in told)
    ]
    text = "".join(f"{seq}:{event}\n" for seq, event in ours)
    equal = len(ours) == count and hashlib.sha256(text.encode()).hexdigest() == sha256
    if equal:
        return Finding(equal=True, our_count=len(ours))
    missing = [
        piece for hole in holes_in(span, [seq for seq, _ in ours]) for piece in without(hole, told)
    ]
    return Finding(equal=False, our_count=len(ours), missing=tuple(missing[:256]))
