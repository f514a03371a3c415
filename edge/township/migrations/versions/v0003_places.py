"""Places, duty, rights by village, and the audit log as a chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def _at(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), server_default="0", nullable=False)


def _open(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=True)


def _serial() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", number, autoincrement=True, nullable=False)


def upgrade() -> None:
    _make_places()
    _make_duty()
    for table in ("people", "invitations"):
        op.add_column(table, sa.Column("villages", sa.Text(), nullable=True))
    for column in (_whole("number"), _words("hash")):
        op.add_column("audit", column)
    op.create_table("audit_head", _whole("id"), _whole("count"), _words("hash"),
                    sa.PrimaryKeyConstraint("id", name="pk_audit_head"))
    op.execute("INSERT INTO audit_head (id, count, hash) VALUES (1, 0, '')")
    _forbid_changes()


def _make_places() -> None:
    op.create_table("townships", _key("code"), _words("name"),
                    sa.PrimaryKeyConstraint("code", name="pk_townships"))
    op.create_table(
        "villages", _key("code"), _words("name"), _key("township"), _open("lon"), _open("lat"),
        sa.ForeignKeyConstraint(["township"], ["townships.code"], name="fk_villages_township"),
        sa.PrimaryKeyConstraint("code", name="pk_villages"),
    )
    op.create_table(
        "hub_places", _key("hub"), _key("village"),
        sa.ForeignKeyConstraint(["village"], ["villages.code"], name="fk_hub_places_village"),
        sa.PrimaryKeyConstraint("hub", name="pk_hub_places"),
    )
    op.create_table(
        "grids", _key("code"), _words("name"), _key("village"), _words("member"),
        sa.ForeignKeyConstraint(["village"], ["villages.code"], name="fk_grids_village"),
        sa.PrimaryKeyConstraint("code", name="pk_grids"),
    )
    op.create_table(
        "cameras", _key("code"), _words("name"), _key("village"), _words("grid"), _whole("level"),
        _open("lon"), _open("lat"), _words("hub"), _words("channel"),
        sa.ForeignKeyConstraint(["village"], ["villages.code"], name="fk_cameras_village"),
        sa.PrimaryKeyConstraint("code", name="pk_cameras"),
    )
    op.create_index("ix_cameras_village", "cameras", ["village"])
    op.create_index("ix_cameras_hub_channel", "cameras", ["hub", "channel"])


def _make_duty() -> None:
    op.create_table(
        "shifts", _serial(), _words("village"), _at("starts_at"), _at("ends_at"), _whole("rank"),
        _words("person"), _words("phone"), _words("note"),
        sa.PrimaryKeyConstraint("id", name="pk_shifts"),
        sa.UniqueConstraint("village", "starts_at", "rank", name="uq_shifts_village_starts_at_rank"),
    )
    op.create_index("ix_shifts_ends_at", "shifts", ["ends_at"])
    op.create_table(
        "handovers", _serial(), _at("at"), _words("who"), _words("to"), _words("note"),
        _open("taken_at"), sa.PrimaryKeyConstraint("id", name="pk_handovers"),
    )
    op.create_index("ix_handovers_at", "handovers", ["at"])


def _forbid_changes() -> None:
    """The database itself refuses to change or remove a line; the chain finds who went around."""
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{what.lower()} BEFORE {what} ON audit BEGIN "
                "SELECT RAISE(ABORT, 'the audit log is only ever added to'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is only ever added to'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_no_update")
        op.execute("DROP TRIGGER audit_no_delete")
    else:
        op.execute("DROP TRIGGER audit_no_change ON audit")
        op.execute("DROP FUNCTION audit_refuse")
    for table in ("audit_head", "handovers", "shifts", "cameras", "grids", "hub_places",
                  "villages", "townships"):
        op.drop_table(table)
    for column in ("hash", "number"):
        op.drop_column("audit", column)
    for table in ("people", "invitations"):
        op.drop_column(table, "villages")
