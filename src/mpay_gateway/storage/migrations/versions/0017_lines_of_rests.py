"""A reversal that went back in two parts has two lines of statements

Revision: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "statement_lines",
        sa.Column(
            "rest_of_id", sa.String(length=64),
            sa.ForeignKey("reversals.id", name=op.f("fk_statement_lines_rest_of_id")), nullable=True,
            comment="The reversal of which it is what another line left.",
        ),
        inline_references=True,
    )  # fmt: skip
    op.create_index("uq_statement_lines_rest_of_id", "statement_lines", ["rest_of_id"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_statement_lines_rest_of_id", "statement_lines")
    with op.batch_alter_table("statement_lines") as batch_op:
        batch_op.drop_column("rest_of_id")
