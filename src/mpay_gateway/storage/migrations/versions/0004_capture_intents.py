"""Capture intents, and tries of deliveries that are counted when they leave

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "capture_intents",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("payment_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_capture_intents_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capture_intents")),
        sa.UniqueConstraint("key", name=op.f("uq_capture_intents_key")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_capture_intents_payment_id")),
        comment="Two-step: the decision to take held money, stored before the provider is asked.",
    )
    # A try that is under way was counted only once it was lost: whether it reached the service nobody knows.
    op.execute("UPDATE deliveries SET unanswered = unanswered + 1 WHERE state = 'leased'")


def downgrade() -> None:
    op.drop_table("capture_intents")
