"""Cases: the matters a township follows to their end, with their steps and photos."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("open_key", sa.Text(), nullable=True),
        _number("version"),
        *(_text(name) for name in ("hub", "incident", "village", "grid", "camera")),
        *(_text(name) for name in ("camera_name", "zone_name", "kind", "severity")),
        _number("gravity"),
        _truth("drill"),
        _truth("clock_trusted"),
        _number("count"),
        *(_moment(name) for name in ("first_at", "newest_at", "opened_at")),
        _truth("over"),
        _text("state"),
        _number("queue"),
        *(_text(name) for name in ("owner", "assignee", "told")),
        _number("level"),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("next_at", sa.Double(), nullable=True),
        _moment("since_at"),
        *(
            sa.Column(f"{name}_at", sa.Double(), nullable=True)
            for name in ("accepted", "assigned", "handling", "reported", "ended")
        ),
        _text("picture"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("open_key", name="uq_cases_open_key"),
    )
    op.create_index("ix_cases_wall", "cases", ["queue", "gravity", "newest_at", "id"])
    op.create_index("ix_cases_due", "cases", ["queue", "due_at"])
    op.create_index("ix_cases_next_at", "cases", ["next_at"])
    op.create_index("ix_cases_assignee", "cases", ["assignee", "queue"])
    op.create_table(
        "case_alerts",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        _number("case_id"),
        sa.PrimaryKeyConstraint("hub", "incident", name="pk_case_alerts"),
    )
    op.create_index("ix_case_alerts_case_id", "case_alerts", ["case_id"])
    op.create_table(
        "case_steps",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        _number("case_id"),
        _moment("at"),
        *(_text(name) for name in ("who", "action", "state", "words", "to", "photo")),
        sa.PrimaryKeyConstraint("id", name="pk_case_steps"),
    )
    op.create_index("ix_case_steps_case_id", "case_steps", ["case_id"])
    op.create_table(
        "case_photos",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        _text("who"),
        _moment("at"),
        sa.PrimaryKeyConstraint("case_id", "sha256", name="pk_case_photos"),
    )
    for statement in _ADOPT:
        op.execute(statement)


def downgrade() -> None:
    for table in ("case_photos", "case_steps", "case_alerts", "cases"):
        op.drop_table(table)


_ADOPT = (
    # What was stored before there were cases: one each. What somebody had taken and was over at
    # the place counts as closed, as the page of that time said.
    """
    INSERT INTO cases (version, hub, incident, village, grid, camera, camera_name, zone_name, kind,
      severity, gravity, drill, clock_trusted, count, first_at, newest_at, opened_at, since_at, over,
      state, queue, owner, accepted_at, ended_at)
    SELECT 1, hub, id, village, grid, camera, camera_name, zone_name, kind,
      severity, 2 - rank, drill, clock_trusted, 1, stored_at, stored_at, opened_at,
      COALESCE(acknowledged_at, stored_at), phase = 'closed',
      CASE WHEN state = 'received' THEN 'received'
           WHEN phase = 'closed' THEN 'closed' ELSE 'accepted' END,
      CASE WHEN state = 'received' THEN 2 WHEN phase = 'closed' THEN 0 ELSE 1 END,
      acknowledged_by, acknowledged_at,
      CASE WHEN state <> 'received' AND phase = 'closed' THEN acknowledged_at END
    FROM alerts ORDER BY stored_at, hub, id
    """,
    "INSERT INTO case_alerts (hub, incident, case_id) SELECT hub, incident, id FROM cases",
    """
    UPDATE cases SET picture = incident || '/' || (
      SELECT sha256 FROM evidence WHERE evidence.hub = cases.hub
      AND evidence.incident = cases.incident ORDER BY stored_at DESC LIMIT 1)
    WHERE EXISTS (SELECT 1 FROM evidence WHERE evidence.hub = cases.hub
      AND evidence.incident = cases.incident)
    """,
)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def _moment(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), server_default="0", nullable=False)


def _truth(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
