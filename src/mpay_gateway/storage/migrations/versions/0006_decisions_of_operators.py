"""Decisions of two operators, and who looks after what is parked

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("payment_id", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_by", sa.String(length=128), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_decisions_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        comment="What two operators decide together; one open proposal for each subject.",
    )
    op.create_index(op.f("ix_decisions_payment_id"), "decisions", ["payment_id"])
    op.create_index(
        "uq_decisions_open", "decisions", ["subject"], unique=True,
        sqlite_where=sa.text("state = 'proposed'"), postgresql_where=sa.text("state = 'proposed'"),
    )  # fmt: skip
    op.add_column(
        "deliveries",
        sa.Column(
            "owner", sa.String(length=128), nullable=False, server_default="",
            comment="Who looks after a parked one.",
        ),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_column("deliveries", "owner")
    op.drop_table("decisions")
