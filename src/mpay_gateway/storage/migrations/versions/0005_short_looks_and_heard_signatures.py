"""Looks that stay short however much waits, and signatures that count once

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ORPHANS = (
    ("ix_inbox_orphans", "reference", "state = 'orphan'"),
    ("ix_inbox_remote_orphans", "remote_reference", "state = 'orphan' AND remote_reference <> ''"),
)


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
    for name, column, where in _ORPHANS:
        op.create_index(
            name, "inbox", ["account_id", column],
            sqlite_where=sa.text(where), postgresql_where=sa.text(where),
        )  # fmt: skip
    op.drop_index("ix_inbox_account_id_state", "inbox")
    op.create_table(
        "heard_signatures",
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "subject", sa.String(length=64), nullable=False,
            comment="The payment or the snapshot that it told of.",
        ),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "digest", name=op.f("pk_heard_signatures")),
        comment="Signatures that were believed, as long as a copy of them would be fresh.",
    )  # fmt: skip
    op.create_index("ix_heard_signatures_until", "heard_signatures", ["until"])


def downgrade() -> None:
    op.drop_table("heard_signatures")
    op.create_index("ix_inbox_account_id_state", "inbox", ["account_id", "state"])
    for name, _, _ in _ORPHANS:
        op.drop_index(name, "inbox")
    op.drop_column("tasks", "service_id")
