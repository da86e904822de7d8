"""What could not be read beside the lines of a statement, and one line for each capture

Revision: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
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
    op.drop_index("ix_statement_lines_capture_id", "statement_lines")
    op.create_index("ix_statement_lines_capture_id", "statement_lines", ["capture_id"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_statement_lines_capture_id", "statement_lines")
    op.create_index("ix_statement_lines_capture_id", "statement_lines", ["capture_id"])
    op.drop_column("statements", "problems")
