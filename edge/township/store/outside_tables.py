"""The tables of what leaves the township: tokens, webhooks and their letters, hourly samples.

Times are Unix seconds in UTC.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.township.store.columns import Whole, Words, at, key, moment, serial, truth, whole, words
from edge.township.store.tables import metadata

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    serial(),
    sa.Column("hash", Words, nullable=False, unique=True),
    words("name"),
    words("scopes"),
    sa.Column("villages", Words, nullable=True),
    words("made_by"),
    at("made_at"),
    at("expires_at"),
    moment("revoked_at"),
    moment("used_at"),
)
"""What other programs show at the API; only the SHA-256 of a token is kept."""

webhooks = sa.Table(
    "webhooks",
    metadata,
    serial(),
    words("url"),
    words("names"),
    words("made_by"),
    at("made_at"),
    truth("active"),
    moment("removed_at"),
)
"""Addresses that are told; their secrets are files in the state folder."""

letters = sa.Table(
    "letters",
    metadata,
    serial(),
    whole("hook"),
    words("event_id"),
    words("name"),
    words("body"),
    at("made_at"),
    words("state"),
    whole("attempts"),
    moment("next_at"),
    whole("answer"),
    words("problem"),
    moment("ended_at"),
    sa.UniqueConstraint("hook", "event_id"),
    sa.Index(None, "state", "next_at"),
)
"""What each webhook is to be told: `waiting`, `sent` or `dead`."""

feed_marks = sa.Table(
    "feed_marks",
    metadata,
    key("name"),
    whole("last"),
)
"""How far the feed has read each append-only table."""

fleet_samples = sa.Table(
    "fleet_samples",
    metadata,
    sa.Column("hour", Whole, primary_key=True, autoincrement=False),
    key("hub"),
    words("village"),
    words("grid"),
    whole("networked"),
    whole("online"),
    whole("sized"),
    whole("hd"),
)
"""Cameras of each hub as they were once in an hour; `hour` counts from 1970."""
