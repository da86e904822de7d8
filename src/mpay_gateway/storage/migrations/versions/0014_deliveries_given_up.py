"""Deliveries that are given up have a state of their own, and operators' words a column

Revision: 0014
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from mpay_gateway.storage.audit import Audit, Change
from mpay_gateway.storage.growth import Growth

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_BEFORE = sa.text("state <> 'confirmed' AND parked_reason <> 'reversed'")
_AFTER = sa.text("state <> 'confirmed' AND state <> 'given-up'")
_CLAIMS = (
    "EXISTS (SELECT 1 FROM captures c WHERE c.payment_id = deliveries.payment_id AND c.state = 'claimed')"
)
_GIVEN_UP = f"state = 'parked' AND parked_reason = 'reversed' AND NOT {_CLAIMS}"
_FOUND = f"SELECT payment_id, id FROM deliveries WHERE {_GIVEN_UP} ORDER BY id"  # noqa: S608  our own words
_GIVE_UP = f"UPDATE deliveries SET state = 'given-up', parked_reason = 'refused' WHERE {_GIVEN_UP}"  # noqa: S608
_TAKE_NOTES = (
    "UPDATE deliveries SET note = parked_reason, parked_reason = 'withheld'"
    " WHERE state = 'parked' AND parked_reason NOT IN ('refused', 'withheld')"
)


def upgrade() -> None:
    op.drop_index("ix_deliveries_waiting", "deliveries")
    op.add_column(
        "deliveries",
        sa.Column(
            "note", sa.Text(), nullable=False, server_default="", comment="What an operator said of it last."
        ),
    )
    _write_down()
    op.execute(_GIVE_UP)
    op.execute(_TAKE_NOTES)
    _wait_by(_AFTER)


def _write_down() -> None:
    """Each change of a state has its row: what was parked for good is given up from now on."""
    connection, now = op.get_bind(), datetime.now(UTC)
    growth = Growth(connection)
    audit = Audit(connection, growth)
    for payment_id, delivery_id in connection.execute(sa.text(_FOUND)).all():
        audit.write(
            Change(payment_id, "delivery", delivery_id, "give-up", "parked", "given-up", "machine", now,
                   "its money went back before the state had this name")
        )  # fmt: skip
    audit.flush()
    growth.flush()


def downgrade() -> None:
    """The audit keeps its rows, and says `given-up` where the state is `parked` again."""
    op.drop_index("ix_deliveries_waiting", "deliveries")
    op.execute("UPDATE deliveries SET state = 'parked', parked_reason = 'reversed' WHERE state = 'given-up'")
    op.drop_column("deliveries", "note")
    _wait_by(_BEFORE)


def _wait_by(waiting: sa.TextClause) -> None:
    op.create_index(
        "ix_deliveries_waiting", "deliveries", ["service_id", "created_at"],
        sqlite_where=waiting, postgresql_where=waiting,
    )  # fmt: skip
