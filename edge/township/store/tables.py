"""The tables of the township.

`inbox` proves what was committed, `alerts` is what the pages show, `events` is the history of an
alert: what the hub said and what people did. Case handling will add its own tables beside them.
Times are Unix seconds in UTC.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from edge.township.store.columns import Whole, Words, at, moment, real, truth, whole, words

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, Words, primary_key=True)


def _serial() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", number, primary_key=True, autoincrement=True)


def _origin() -> tuple[sa.Column[Any], ...]:
    """Which row of which hub wrote this, and when by its monotonic clock."""
    return words("stream"), whole("seq"), words("boot_id"), real("mono_s")


def _believed() -> sa.Column[bool]:
    return sa.Column("clock_trusted", sa.Boolean, nullable=False, server_default=sa.true())


inbox = sa.Table(
    "inbox",
    metadata,
    _key("hub"),
    _key("stream"),
    sa.Column("seq", Whole, primary_key=True, autoincrement=False),
    words("event_id"),
    words("type"),
    words("raw"),
    at("received_at"),
    at("stored_at"),
    words("problem"),
)

alerts = sa.Table(
    "alerts",
    metadata,
    _key("hub"),
    _key("id"),
    whole("rev"),
    words("phase"),
    words("kind"),
    words("severity"),
    whole("rank"),
    words("camera"),
    words("camera_name"),
    words("village"),
    words("grid"),
    words("zone"),
    words("zone_name"),
    words("label"),
    real("score"),
    whole("count"),
    real("dwell_s"),
    words("box"),
    at("opened_at"),
    at("seen_at"),
    moment("closed_at"),
    truth("drill"),
    truth("clock_trusted"),
    at("stored_at"),
    words("state"),
    words("acknowledged_by"),
    moment("acknowledged_at"),
    *_origin(),
    sa.Index(None, "state", "phase", "rank"),
    sa.Index(None, "stored_at"),
)

events = sa.Table(
    "events",
    metadata,
    _serial(),
    words("hub"),
    words("incident"),
    sa.Column("rev", Whole, nullable=True),
    words("what"),
    words("who"),
    at("at"),
    at("stored_at"),
    words("note"),
    words("data"),
    *_origin(),
    _believed(),
    sa.Index(None, "hub", "incident"),
)

evidence = sa.Table(
    "evidence",
    metadata,
    _key("hub"),
    _key("incident"),
    _key("sha256"),
    whole("size"),
    sa.Column("thumbnail", sa.LargeBinary, nullable=False),
    words("stream"),
    whole("seq"),
    at("stored_at"),
)

hubs = sa.Table(
    "hubs",
    metadata,
    _key("id"),
    words("village"),
    words("grid"),
    words("version"),
    words("model"),
    words("state"),
    whole("boot"),
    words("stream"),
    moment("last_seen"),
    moment("state_at"),
    whole("queued"),
    real("oldest_age_s"),
    words("cameras"),
    words("speakers"),
    words("faults"),
    whole("disk_free_mb"),
    truth("clock_trusted"),
    words("problem"),
    moment("problem_at"),
    words("details"),
    words("readings"),
)

boots = sa.Table(
    "boots",
    metadata,
    _key("hub"),
    _key("boot_id"),
    real("offset_s"),
    at("told_at"),
)

streams = sa.Table(
    "streams",
    metadata,
    _key("hub"),
    _key("stream"),
    whole("complete"),
    whole("oldest"),
    whole("next_seq"),
    whole("asked_from"),
    moment("asked_at"),
)

gaps = sa.Table(
    "gaps",
    metadata,
    _key("hub"),
    _key("stream"),
    sa.Column("first_seq", Whole, primary_key=True, autoincrement=False),
    whole("last_seq"),
    words("state"),
    words("type"),
    whole("count"),
    at("noticed_at"),
)

digests = sa.Table(
    "digests",
    metadata,
    _key("hub"),
    _key("stream"),
    sa.Column("first_seq", Whole, primary_key=True, autoincrement=False),
    whole("last_seq"),
    words("day"),
    whole("count"),
    words("sha256"),
    whole("our_count"),
    words("state"),
    at("received_at"),
    moment("asked_at"),
    sa.Index(None, "state"),
)

transfers = sa.Table(
    "transfers",
    metadata,
    _key("id"),
    words("hub"),
    words("incident"),
    words("sha256"),
    words("kind"),
    words("media_type"),
    whole("size"),
    whole("received"),
    words("state"),
    words("sentence"),
    words("requested_by"),
    at("requested_at"),
    at("changed_at"),
    sa.Index(None, "hub", "incident"),
    sa.Index(None, "state"),
)

receipts = sa.Table(
    "receipts",
    metadata,
    _key("hub"),
    _key("announcement"),
    _key("speaker"),
    words("state"),
    words("text"),
    real("seconds"),
    words("reason"),
    words("proof"),
    words("incident"),
    words("command"),
    truth("drill"),
    words("stream"),
    whole("seq"),
    at("at"),
    at("stored_at"),
    words("boot_id"),
    real("mono_s"),
    _believed(),
    sa.Index(None, "hub", "incident"),
    sa.Index(None, "command"),
    sa.Index(None, "stored_at"),
)

commands = sa.Table(
    "commands",
    metadata,
    _key("id"),
    words("hub"),
    words("name"),
    words("issuer"),
    words("data"),
    words("message"),
    words("state"),
    words("sentence"),
    at("issued_at"),
    at("expires_at"),
    moment("answered_at"),
    moment("ended_at"),
    sa.Index(None, "state"),
    sa.Index(None, "issued_at"),
)

people = sa.Table(
    "people",
    metadata,
    _key("name"),
    words("role"),
    words("password_hash"),
    sa.Column("cameras", Words, nullable=True),
    sa.Column("villages", Words, nullable=True),
)

sessions = sa.Table(
    "sessions",
    metadata,
    _key("token_hash"),
    sa.Column("account", Words, sa.ForeignKey("people.name", ondelete="CASCADE"), nullable=False),
    words("csrf"),
    at("created_at"),
    at("expires_at"),
    sa.Index(None, "account"),
)

invitations = sa.Table(
    "invitations",
    metadata,
    _key("token_hash"),
    words("name"),
    words("role"),
    words("password_hash"),
    sa.Column("cameras", Words, nullable=True),
    sa.Column("villages", Words, nullable=True),
    at("expires_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    _serial(),
    at("at"),
    words("who"),
    words("action"),
    words("target"),
    whole("number"),
    words("hash"),
    sa.Index(None, "at"),
)
"""Only ever added to (a trigger refuses the rest); `number` and `hash` chain the lines."""

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", Whole, primary_key=True, autoincrement=False),
    whole("count"),
    words("hash"),
)
"""How long the chain of the audit log is and how it ends; one row, which also is its lock."""

cases = sa.Table(
    "cases",
    metadata,
    _serial(),
    sa.Column("open_key", Words, nullable=True, unique=True),
    whole("version"),
    words("hub"),
    words("incident"),
    words("village"),
    words("grid"),
    words("camera"),
    words("camera_name"),
    words("zone_name"),
    words("kind"),
    words("severity"),
    whole("gravity"),
    truth("drill"),
    truth("clock_trusted"),
    whole("count"),
    at("first_at"),
    at("newest_at"),
    at("opened_at"),
    truth("over"),
    words("state"),
    whole("queue"),
    words("owner"),
    words("assignee"),
    words("told"),
    whole("level"),
    moment("due_at"),
    moment("next_at"),
    at("since_at"),
    moment("accepted_at"),
    moment("assigned_at"),
    moment("handling_at"),
    moment("reported_at"),
    moment("ended_at"),
    words("picture"),
    # The order of the wall, backwards: the first page of ten thousand is walked to, not sorted.
    sa.Index("ix_cases_wall", "queue", "gravity", "newest_at", "id"),
    sa.Index("ix_cases_due", "queue", "due_at"),
    sa.Index("ix_cases_next_at", "next_at"),
    sa.Index("ix_cases_assignee", "assignee", "queue"),
)
"""Matters that are followed to their end; `open_key` makes alerts of one camera and kind meet."""

case_alerts = sa.Table(
    "case_alerts",
    metadata,
    _key("hub"),
    _key("incident"),
    whole("case_id"),
    sa.Index(None, "case_id"),
)

case_steps = sa.Table(
    "case_steps",
    metadata,
    _serial(),
    whole("case_id"),
    at("at"),
    words("who"),
    words("action"),
    words("state"),
    words("words"),
    words("to"),
    words("photo"),
    sa.Index(None, "case_id"),
)

case_photos = sa.Table(
    "case_photos",
    metadata,
    sa.Column("case_id", Whole, primary_key=True, autoincrement=False),
    _key("sha256"),
    sa.Column("jpeg", sa.LargeBinary, nullable=False),
    words("who"),
    at("at"),
)
