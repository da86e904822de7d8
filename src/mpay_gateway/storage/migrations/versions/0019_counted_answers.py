"""What services' answers are like is counted

Revision: 0019
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard_answers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("answer_to", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False, comment="Of its messages in the evidence."),
        sa.Column("took_ms", sa.BigInteger(), nullable=True),
        sa.Column("skew_ms", sa.BigInteger(), nullable=True),
        sa.Column("deviations", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard_answers")),
        comment="Answers of services that wait to be counted, written in the commit that each led to.",
    )  # fmt: skip
    op.create_table(
        "deviations",
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("answer_to", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column(
            "subject", sa.String(length=64), nullable=False,
            comment="Of the messages of the last time, in the evidence.",
        ),
        sa.PrimaryKeyConstraint("service_id", "answer_to", "code", "path", name=op.f("pk_deviations")),
        comment="How each service deviates from the contract, and how often.",
    )  # fmt: skip
    op.create_table(
        "answer_days",
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("answer_to", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="UTC."),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.Column("took", sa.Text(), nullable=False, comment="How often each time in milliseconds, to two digits."),
        sa.Column("skew", sa.Text(), nullable=False, comment="The same of its clock minus ours."),
        sa.Column("last_skew_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "answer_to", "day", name=op.f("pk_answer_days")),
        comment="A day of one service's answers: how fast, and how its clock went.",
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("answer_days")
    op.drop_table("deviations")
    op.drop_table("heard_answers")
