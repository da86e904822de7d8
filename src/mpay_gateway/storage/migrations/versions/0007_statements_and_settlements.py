"""Statements and settlements

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statements",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="In the provider's own calendar."),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column(
            "evidence",
            sa.String(length=64),
            nullable=False,
            comment="The subject of the messages that it came by.",
        ),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sa.UniqueConstraint("account_id", "day", "digest", name=op.f("uq_statements_account_id_day_digest")),
        comment="A provider's statement of one day; a day that grew has another one.",
    )
    op.create_table(
        "statement_lines",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("statement_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "occurrence",
            sa.Integer(),
            nullable=False,
            comment="How many equal lines stood before it in the statement.",
        ),
        sa.Column(
            "movement",
            sa.String(length=64),
            nullable=False,
            comment="What can be posted once; the posting's subject.",
        ),
        sa.Column("transaction_id", sa.String(length=128), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=128), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("payment_id", sa.String(length=64), nullable=True),
        sa.Column("capture_id", sa.String(length=64), nullable=True),
        sa.Column("reversal_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_statement_lines_capture_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_statement_lines_payment_id")),
        sa.ForeignKeyConstraint(
            ["reversal_id"], ["reversals.id"], name=op.f("fk_statement_lines_reversal_id")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.id"], name=op.f("fk_statement_lines_statement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_lines")),
        sa.UniqueConstraint(
            "account_id",
            "day",
            "digest",
            "occurrence",
            name=op.f("uq_statement_lines_account_id_day_digest_occurrence"),
        ),
        sa.UniqueConstraint("reversal_id", name=op.f("uq_statement_lines_reversal_id")),
        comment="Each line once, and what it is in our books.",
    )
    with op.batch_alter_table("statement_lines", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_statement_lines_account_id_at"), ["account_id", "at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_statement_lines_capture_id"), ["capture_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_lines_movement"), ["movement"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_lines_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_lines_statement_id"), ["statement_id"], unique=False)
        batch_op.create_index(
            "ix_statement_lines_undecided",
            ["account_id", "id"],
            unique=False,
            sqlite_where=sa.text("outcome IN ('waiting', 'unknown')"),
            postgresql_where=sa.text("outcome IN ('waiting', 'unknown')"),
        )

    with op.batch_alter_table("captures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_captures_captured_at"), ["captured_at"], unique=False)

    op.create_table(
        "settlement_days",
        sa.Column("day", sa.Date(), nullable=False, comment="In Chisinau."),
        sa.Column("closed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_settlement_days")),
        comment="Days whose money is on its way to the services: what turns up later goes into a later day.",
    )
    op.create_table(
        "settlements",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False, comment="The payable account: service and IBAN."),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="The file, the same at every run."),
        sa.ForeignKeyConstraint(["day"], ["settlement_days.day"], name=op.f("fk_settlements_day")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlements")),
        sa.UniqueConstraint("day", "account", "currency", name=op.f("uq_settlements_day_account_currency")),
        comment="What one beneficiary gets of one day.",
    )
    op.create_table(
        "settlement_entries",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("settlement_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_settlement_entries_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["settlements.id"], name=op.f("fk_settlement_entries_settlement_id")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_settlement_entries")),
        comment="Which entry of a payable account is in which settlement: in one at most.",
    )
    op.create_index("ix_settlement_entries_settlement_id", "settlement_entries", ["settlement_id"])


def downgrade() -> None:
    op.drop_index("ix_settlement_entries_settlement_id", "settlement_entries")
    op.drop_table("settlement_entries")
    op.drop_table("settlements")
    op.drop_table("settlement_days")
    with op.batch_alter_table("captures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_captures_captured_at"))

    with op.batch_alter_table("statement_lines", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_statement_lines_undecided",
            sqlite_where=sa.text("outcome IN ('waiting', 'unknown')"),
            postgresql_where=sa.text("outcome IN ('waiting', 'unknown')"),
        )
        batch_op.drop_index(batch_op.f("ix_statement_lines_statement_id"))
        batch_op.drop_index(batch_op.f("ix_statement_lines_payment_id"))
        batch_op.drop_index(batch_op.f("ix_statement_lines_movement"))
        batch_op.drop_index(batch_op.f("ix_statement_lines_capture_id"))
        batch_op.drop_index(batch_op.f("ix_statement_lines_account_id_at"))

    op.drop_table("statement_lines")
    op.drop_table("statements")
