"""How often a task was hurried

Revision: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tasks",
        sa.Column(
            "wishes", sa.BigInteger(), server_default="0", nullable=False, comment="How often it was hurried."
        ),
    )


def downgrade() -> None:
    op.drop_column("tasks", "wishes")
