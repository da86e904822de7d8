"""What payers fill in before they pay, and which of several orders they chose

Revision: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "visits",
        sa.Column(
            "filled", sa.Text(), nullable=False, server_default="{}",
            comment="What the payer gave in the order's fields.",
        ),
    )  # fmt: skip
    op.add_column(
        "visits",
        sa.Column(
            "chosen_from", sa.String(length=64), nullable=False, server_default="",
            comment="The visit whose key stands for several orders, one of which was chosen.",
        ),
    )  # fmt: skip
    op.create_table(
        "filled_fields",
        sa.Column("payment_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_filled_fields")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_filled_fields_payment_id")),
        comment="What the payer gave in the order's fields, by their ids.",
    )


def downgrade() -> None:
    op.drop_table("filled_fields")
    with op.batch_alter_table("visits") as batch_op:
        batch_op.drop_column("chosen_from")
        batch_op.drop_column("filled")
