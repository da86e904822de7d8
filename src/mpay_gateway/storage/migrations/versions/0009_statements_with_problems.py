"""What could not be read beside the lines of a statement

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "statements",
        sa.Column(
            "problems", sa.Text(), nullable=False, server_default="",
            comment="What could not be read beside it, a line each.",
        ),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_column("statements", "problems")
