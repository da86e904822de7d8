"""Refunds

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("payment_id", sa.String(length=64), nullable=False),
        sa.Column("capture_id", sa.String(length=64), nullable=False),
        sa.Column("decision_id", sa.String(length=64), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "returned_minor", sa.BigInteger(), nullable=False,
            comment="What the provider says that it gave back.",
        ),
        sa.Column("ground", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True, comment="Since when money may leave."),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_refunds_capture_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_refunds_decision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_refunds_decision_id")),
        sa.UniqueConstraint("key", name=op.f("uq_refunds_key")),
        comment="Confirmed money that goes back, in parts or whole.",
    )  # fmt: skip
    op.create_index("ix_refunds_payment_id", "refunds", ["payment_id"])
    op.create_index("ix_refunds_capture_id", "refunds", ["capture_id"])
    op.add_column(
        "statement_lines",
        sa.Column(
            "refund_id", sa.String(length=64),
            sa.ForeignKey("refunds.id", name=op.f("fk_statement_lines_refund_id")), nullable=True,
        ),
        inline_references=True,
    )  # fmt: skip
    op.create_index("uq_statement_lines_refund_id", "statement_lines", ["refund_id"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_statement_lines_refund_id", "statement_lines")
    with op.batch_alter_table("statement_lines") as batch_op:
        batch_op.drop_column("refund_id")
    op.drop_table("refunds")
