"""Looks that stay short however much waits

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tasks",
        sa.Column(
            "service_id", sa.String(length=64), nullable=False, server_default="",
            comment="Whom a delivery goes to, else empty.",
        ),
    )  # fmt: skip
    op.execute(
        "UPDATE tasks SET service_id = (SELECT service_id FROM deliveries WHERE deliveries.id = tasks.subject)"
        " WHERE kind = 'deliver' AND subject IN (SELECT id FROM deliveries)"
    )


def downgrade() -> None:
    op.drop_column("tasks", "service_id")
