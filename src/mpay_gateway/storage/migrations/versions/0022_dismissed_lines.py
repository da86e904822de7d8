"""What two operators agree on about lines of statements that nothing explains

Revision: 0022
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dismissals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False, comment="What the line was then."),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_by", sa.String(length=128), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["statement_lines.id"], name=op.f("fk_dismissals_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dismissals")),
        comment="What two operators agree on about lines that nothing explains; one open proposal for each.",
    )
    op.create_index(op.f("ix_dismissals_line_id"), "dismissals", ["line_id"], unique=False)
    op.create_index(
        "uq_dismissals_open", "dismissals", ["line_id"], unique=True,
        sqlite_where=sa.text("state = 'proposed'"), postgresql_where=sa.text("state = 'proposed'"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("dismissals")
