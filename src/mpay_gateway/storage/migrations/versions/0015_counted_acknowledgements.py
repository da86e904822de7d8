"""Count what services know of each order: no two clocks are compared

Revision: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_CLAIMS = """
    UPDATE claims SET acknowledgement = (
        SELECT count(*) FROM claims o WHERE o.service_id = claims.service_id AND o.order_key = claims.order_key
        AND o.acknowledged_at <= claims.acknowledged_at)
    WHERE acknowledged_at IS NOT NULL
"""
_SNAPSHOTS = """
    UPDATE order_snapshots SET known = (
        SELECT count(*) FROM claims o WHERE o.service_id = order_snapshots.service_id
        AND o.order_key = order_snapshots.order_key AND o.acknowledged_at < order_snapshots.requested_at)
"""
_ORDERS = """
    UPDATE orders SET acknowledgements = (
        SELECT count(*) FROM claims o WHERE o.service_id = orders.service_id AND o.order_key = orders.order_key
        AND o.acknowledged_at IS NOT NULL)
"""


def upgrade() -> None:
    op.add_column("orders", _number("acknowledgements", "How often its service has said that it knows."))
    op.add_column(
        "order_snapshots", _number("known", "Of the order's acknowledgements, when it was asked for.")
    )
    op.add_column(
        "claims",
        sa.Column(
            "acknowledgement", sa.Integer(), nullable=True, comment="Which one of its order; null: none yet."
        ),
    )
    for numbered in (_CLAIMS, _SNAPSHOTS, _ORDERS):
        op.execute(numbered)


def _number(name: str, comment: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0", comment=comment)


def downgrade() -> None:
    op.drop_column("claims", "acknowledgement")
    op.drop_column("order_snapshots", "known")
    op.drop_column("orders", "acknowledgements")
