"""Payments that start elsewhere

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intakes",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("order_key", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("payment_id", sa.String(length=64), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=False, comment="Of a refusal, as it came."),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_intakes_payment_id_payments")),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_intakes")),
        comment="What a terminal or a network said under each key of its own, and what came of it.",
    )
    op.create_index(op.f("ix_intakes_payment_id"), "intakes", ["payment_id"], unique=False)

    op.create_table(
        "plugin_records",
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column(
            "key",
            sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("namespace", "key", name=op.f("pk_plugin_records")),
        comment="What plugins keep for themselves, each instance in its namespace.",
    )


def downgrade() -> None:
    op.drop_table("plugin_records")
    op.drop_index(op.f("ix_intakes_payment_id"), table_name="intakes")
    op.drop_table("intakes")
