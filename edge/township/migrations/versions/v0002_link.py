"""The link, hardened: boots with their corrected clocks, nightly digests, pictures on request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STAMPED = {
    "alerts": ("stream", "seq", "boot_id", "mono_s"),
    "events": ("stream", "seq", "boot_id", "mono_s", "clock_trusted"),
    "receipts": ("boot_id", "mono_s", "clock_trusted"),
    "hubs": ("details", "readings"),
}


def upgrade() -> None:
    for table, names in _STAMPED.items():
        for name in names:
            op.add_column(table, _column(name))
    op.create_table(
        "boots",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("offset_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("told_at", sa.Double(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("hub", "boot_id", name="pk_boots"),
    )
    op.create_table(
        "digests",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("day", sa.Text(), server_default="", nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("our_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("hub", "stream", "first_seq", name="pk_digests"),
    )
    op.create_index("ix_digests_state", "digests", ["state"])
    op.create_table(
        "transfers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), server_default="", nullable=False),
        sa.Column("incident", sa.Text(), server_default="", nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("media_type", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("received", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("sentence", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_by", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("changed_at", sa.Double(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transfers"),
    )
    op.create_index("ix_transfers_hub_incident", "transfers", ["hub", "incident"])
    op.create_index("ix_transfers_state", "transfers", ["state"])


def downgrade() -> None:
    op.drop_table("transfers")
    op.drop_table("digests")
    op.drop_table("boots")
    for table, names in _STAMPED.items():
        for name in names:
            op.drop_column(table, name)


def _column(name: str) -> sa.Column[object]:
    match name:
        case "seq":
            return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
        case "mono_s":
            return sa.Column(name, sa.Double(), server_default="0", nullable=False)
        case "clock_trusted":
            return sa.Column(name, sa.Boolean(), server_default=sa.true(), nullable=False)
        case _:
            return sa.Column(name, sa.Text(), server_default="", nullable=False)
