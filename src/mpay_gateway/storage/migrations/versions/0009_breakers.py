"""Breakers, a queue of tasks for each service, and what waits to be told

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WAITS = sa.text("due IS NOT NULL")
_UNCONFIRMED = sa.text("state <> 'confirmed'")


def upgrade() -> None:
    op.create_table(
        "breakers",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True, comment="Null: closed."),
        sa.Column("probe_at", UtcDateTime(), nullable=True),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_breakers")),
        comment="Which counterparts answer no calls of a kind: one small row each, shared by all processes.",
    )
    op.create_index(
        "ix_tasks_queue", "tasks", ["service_id", "due"], sqlite_where=_WAITS, postgresql_where=_WAITS
    )
    op.drop_index("ix_tasks_due", "tasks")
    op.create_index(
        "ix_deliveries_waiting", "deliveries", ["service_id", "created_at"],
        sqlite_where=_UNCONFIRMED, postgresql_where=_UNCONFIRMED,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_deliveries_waiting", "deliveries")
    op.create_index("ix_tasks_due", "tasks", ["due"], sqlite_where=_WAITS, postgresql_where=_WAITS)
    op.drop_index("ix_tasks_queue", "tasks")
    op.drop_table("breakers")
