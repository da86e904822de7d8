"""Restored backups

Revision: 0012
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "restorations",
        sa.Column("epoch", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("noticed_at", UtcDateTime(), nullable=False),
        sa.Column("noticed_by", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reconciled_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True, comment="Null: nothing new may begin."),
        sa.Column("finished_by", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_restorations")),
        comment="When the database went back to a backup.",
    )


def downgrade() -> None:
    op.drop_table("restorations")
