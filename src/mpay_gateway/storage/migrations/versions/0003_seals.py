"""Seals of the audit and evidence chains

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_tables()
    # Chains that are older than this table were never sealed: all of them are due.
    op.execute(
        "INSERT INTO unsealed_chains (chain, subject, at) "
        "SELECT 'audit', payment_id, min(at) FROM audit GROUP BY payment_id"
    )
    op.execute(
        "INSERT INTO unsealed_chains (chain, subject, at) "
        "SELECT 'evidence', subject, min(at) FROM evidence GROUP BY subject"
    )


def _make_tables() -> None:
    op.create_table(
        "unsealed_chains",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("chain", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsealed_chains")),
        comment="Chains that grew since they were sealed, written in the commit of their rows.",
    )
    op.create_table(
        "seal_certificates",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_seal_certificates")),
        comment="Certificates of the keys that seals were signed with. Insert only.",
    )
    op.create_table(
        "seals",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("chains", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
        sa.Column("signer", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["signer"], ["seal_certificates.fingerprint"], name=op.f("fk_seals_signer")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seals")),
        sa.UniqueConstraint("previous", name=op.f("uq_seals_previous")),
        comment="The chain of seals over the heads of audit and evidence chains. Insert only.",
    )
    op.create_table(
        "seal_heads",
        sa.Column("seal_number", sa.Integer(), nullable=False),
        sa.Column("chain", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["seal_number"], ["seals.number"], name=op.f("fk_seal_heads_seal_number")),
        sa.PrimaryKeyConstraint("chain", "subject", "last_seq", name=op.f("pk_seal_heads")),
        comment="Where each sealed chain ended. Insert only.",
    )
    with op.batch_alter_table("seal_heads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seal_heads_seal_number"), ["seal_number"], unique=False)


def downgrade() -> None:
    op.drop_table("seal_heads")
    op.drop_table("seals")
    op.drop_table("seal_certificates")
    op.drop_table("unsealed_chains")
