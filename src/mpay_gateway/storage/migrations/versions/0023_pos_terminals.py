"""POS terminals at counters

Revision: 0023
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pos_terminals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column(
            "caller", sa.String(length=64), nullable=False,
            comment="Who registered it, as the settings name him.",
        ),
        sa.Column("organization_name", sa.String(length=120), nullable=False),
        sa.Column("organization_idno", sa.String(length=13), nullable=False),
        sa.Column("office_address", sa.String(length=255), nullable=False),
        sa.Column("organization_service", sa.String(length=120), nullable=False),
        sa.Column("counter", sa.String(length=60), nullable=False),
        sa.Column("terminal_id", sa.String(length=36), nullable=False),
        sa.Column("vendor_name", sa.String(length=60), nullable=False),
        sa.Column(
            "intended_ip", sa.String(length=45), nullable=False, comment="The only address that it may call from."
        ),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pos_terminals")),
        sa.UniqueConstraint(
            "caller", "vendor_name", "terminal_id", name=op.f("uq_pos_terminals_caller_vendor_name_terminal_id")
        ),
        comment="POS terminals at counters. What became of each is noted in the evidence.",
    )  # fmt: skip
    op.create_index(op.f("ix_pos_terminals_intended_ip_caller"), "pos_terminals", ["intended_ip", "caller"])


def downgrade() -> None:
    op.drop_index(op.f("ix_pos_terminals_intended_ip_caller"), table_name="pos_terminals")
    op.drop_table("pos_terminals")
