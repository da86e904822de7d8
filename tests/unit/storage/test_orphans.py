"""Orphans are adopted by index: an account that many gateways share may have very many of them."""

import pytest
from sqlalchemy import text

from mpay_gateway.storage import inbox
from mpay_gateway.storage.inbox import InboxState


@pytest.mark.parametrize(
    ("statement", "index"),
    [(inbox._ADOPT, "ix_inbox_orphans"), (inbox._ADOPT_REMOTE, "ix_inbox_remote_orphans")],
)
def test_an_orphan_is_found_by_what_it_is_about(units, statement, index):
    with units.engine.execution_options(purpose="write").begin() as connection:
        great = connection.dialect.name == "postgresql"
        if great:
            connection.execute(text("SET LOCAL enable_seqscan = off"))  # the table is empty
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        words = statement.compile(dialect=connection.dialect, column_keys=["state"])
        given = {"of_account": "bank", "about": "R-1", "state": InboxState.NEW}
        plan = connection.exec_driver_sql(
            f"EXPLAIN {words}" if great else f"EXPLAIN QUERY PLAN {words}",
            given if great else tuple(given[name] for name in words.positiontup),
        )
        assert f"{index} " in "\n".join(" ".join(map(str, row)) for row in plan)
