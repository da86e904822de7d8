"""What a provider gave back of a reversal on our word has a column

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_BOOKED = """
    UPDATE reversals SET returned_minor = (
        SELECT coalesce(-sum(e.amount_minor), 0) FROM ledger_transactions t
        JOIN ledger_entries e ON e.transaction_id = t.id JOIN ledger_accounts a ON a.id = e.account_id
        WHERE t.kind = 'reversal' AND t.subject = reversals.id AND e.currency = reversals.currency
        AND a.name LIKE 'receivable:%')
    WHERE capture_id IS NOT NULL
"""


def upgrade() -> None:
    op.add_column(
        "reversals",
        sa.Column(
            "returned_minor", sa.BigInteger(), nullable=False, server_default="0",
            comment="What the provider says that it gave back on our word.",
        ),
    )  # fmt: skip
    op.execute(_BOOKED)


def downgrade() -> None:
    op.drop_column("reversals", "returned_minor")
