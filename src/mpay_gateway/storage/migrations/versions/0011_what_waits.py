"""Count what waits to be told without what went back

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_UNCONFIRMED = sa.text("state <> 'confirmed'")
_WAITING = sa.text("state <> 'confirmed' AND parked_reason <> 'reversed'")


def upgrade() -> None:
    _replace(_WAITING)


def downgrade() -> None:
    _replace(_UNCONFIRMED)


def _replace(waiting: sa.TextClause) -> None:
    op.drop_index("ix_deliveries_waiting", "deliveries")
    op.create_index(
        "ix_deliveries_waiting", "deliveries", ["service_id", "created_at"],
        sqlite_where=waiting, postgresql_where=waiting,
    )  # fmt: skip
