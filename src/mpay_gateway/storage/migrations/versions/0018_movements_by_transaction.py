"""What may be posted once is a transaction and a direction, whatever words a line has for its kind

Revision: 0018
"""

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_INDEX = "ix_statement_lines_account_id_transaction_id"
_UNPOSTED = (
    "SELECT id, account_id, transaction_id, gross_minor FROM statement_lines"
    " WHERE outcome IN ('waiting', 'unknown', 'duplicate', 'superseded')"
)


def upgrade() -> None:
    """The key of a line that is posted names its posting and stays: no entry of the books is touched."""
    op.create_index(_INDEX, "statement_lines", ["account_id", "transaction_id"])
    connection = op.get_bind()
    for row in connection.execute(sa.text(_UNPOSTED)).all():
        connection.execute(
            sa.text("UPDATE statement_lines SET movement = :key WHERE id = :id"),
            {"key": _key(row), "id": row.id},
        )


def _key(row: sa.Row[Any]) -> str:
    way = "in" if row.gross_minor > 0 else "out" if row.gross_minor < 0 else "neither"
    parts = (row.account_id, row.transaction_id, way)
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def downgrade() -> None:
    """Keys stay as they are: to an older program each of these lines is a movement of its own."""
    op.drop_index(_INDEX, "statement_lines")
