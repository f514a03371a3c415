"""Tokens of other programs, webhooks with their letters, and hourly samples for reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        _text("name"),
        _text("scopes"),
        sa.Column("villages", sa.Text(), nullable=True),
        _text("made_by"),
        _moment("made_at"),
        _moment("expires_at"),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.Column("used_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("hash", name="uq_api_tokens_hash"),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        _text("url"),
        _text("names"),
        _text("made_by"),
        _moment("made_at"),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("removed_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_table(
        "letters",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        _number("hook"),
        _text("event_id"),
        _text("name"),
        _text("body"),
        _moment("made_at"),
        _text("state"),
        _number("attempts"),
        sa.Column("next_at", sa.Double(), nullable=True),
        _number("answer"),
        _text("problem"),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_letters"),
        sa.UniqueConstraint("hook", "event_id", name="uq_letters_hook_event_id"),
    )
    op.create_index("ix_letters_state_next_at", "letters", ["state", "next_at"])
    op.create_table(
        "feed_marks",
        sa.Column("name", sa.Text(), nullable=False),
        _number("last"),
        sa.PrimaryKeyConstraint("name", name="pk_feed_marks"),
    )
    op.create_table(
        "fleet_samples",
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        _text("village"),
        _text("grid"),
        *(_number(name) for name in ("networked", "online", "sized", "hd")),
        sa.PrimaryKeyConstraint("hour", "hub", name="pk_fleet_samples"),
    )


def downgrade() -> None:
    for table in ("fleet_samples", "feed_marks", "letters", "webhooks", "api_tokens"):
        op.drop_table(table)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def _moment(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), server_default="0", nullable=False)
