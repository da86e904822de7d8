"""Evidence is found by order and time, and verified with the certificates of its time

Revision: 0020
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_evidence_at", "evidence", ["at"], postgresql_using="brin")
    op.create_table(
        "fruitless_lookups",
        sa.Column(
            "subject", sa.String(length=64), nullable=False, comment="Of its messages in the evidence."
        ),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("order_key", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_fruitless_lookups")),
        comment="Look-ups that led to no order, by the order that was asked for.",
    )
    op.create_index(
        "ix_fruitless_lookups_service_id_order_key", "fruitless_lookups", ["service_id", "order_key"]
    )
    op.create_table(
        "service_certificates",
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False, comment="SHA-256 of its DER."),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "fingerprint", name=op.f("pk_service_certificates")),
        comment="Every certificate that was ever registered for a service: its old messages verify with old ones.",
    )


def downgrade() -> None:
    op.drop_table("service_certificates")
    op.drop_index("ix_fruitless_lookups_service_id_order_key", "fruitless_lookups")
    op.drop_table("fruitless_lookups")
    op.drop_index("ix_evidence_at", "evidence")
