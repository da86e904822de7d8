"""What providers say went back of money in review

Revision: 0013
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard_returns",
        sa.Column("payment_id", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_heard_returns")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_heard_returns_payment_id")),
        comment="What providers say went back, in all, of payments whose money is in review.",
    )


def downgrade() -> None:
    op.drop_table("heard_returns")
