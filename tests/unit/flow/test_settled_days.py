"""What `mpay audit verify` says of days that were paid out: each file is the one that somebody settled."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from mpay_gateway.boundary import SystemIds
from mpay_gateway.cli.settling import settle_command
from mpay_gateway.flow.audit.audit_verification import SETTLEMENTS
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import PaidBy, settle
from mpay_gateway.storage.evidence import SETTLED
from mpay_gateway.storage.tables import settlement_days
from tests.unit.flow.scripted import NOON
from tests.unit.flow.verifying import seal, verify

DAY = NOON.date()


@pytest.fixture
def settled(gateway):
    """A day with two files, written down and sealed."""
    gateway.pay("ORDER-1")
    files = settle(
        gateway.parts.units, DAY, PaidBy("main", "operator:ana"), clock=gateway.clock, ids=SystemIds()
    )
    assert len(files) == 2
    seal(gateway)
    assert verify(gateway).problems == ()
    assert check_books(gateway.parts.units) == ()


def by_hand(gateway, *statements):
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount > 0


def test_who_settled_a_day_is_written_down_once(gateway, settled):
    settle(gateway.parts.units, DAY, PaidBy("main", "operator:ion"), clock=gateway.clock, ids=SystemIds())
    (row,) = gateway.parts.units.read(lambda work: work.evidence.of_subject(f"{SETTLED}{DAY}"))
    assert '["by","operator:ana"]' in row.meta


FILES = ("DELETE FROM settlement_entries", "DELETE FROM settlements")


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (("UPDATE settlements SET content = replace(content, 'ORDER-1', 'ORDER-2')",), ["was altered"] * 2),
        (FILES, ["is missing"] * 2),
        (("UPDATE settlements SET account = account || 'X' WHERE amount_minor < 9000",),
         ["is missing", "was inserted"]),
        ((*FILES, "DELETE FROM settlement_days"), ["is open again"]),
    ],
)  # fmt: skip
def test_an_altered_payout_is_found(gateway, settled, statements, said):
    by_hand(gateway, *statements)
    found = verify(gateway).problems
    assert {(each.chain, each.subject) for each in found} == {(SETTLEMENTS, DAY.isoformat())}
    assert [any(words in each.detail for each in found) for words in said] == [True] * len(said)
    assert len(found) == len(said)


def test_a_day_that_nobody_settled_is_found(gateway, settled):
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        at = gateway.clock.now()
        connection.execute(settlement_days.insert(), {"day": DAY + timedelta(days=1), "closed_at": at})
    (found,) = verify(gateway).problems
    assert (found.subject, found.detail) == (
        (DAY + timedelta(days=1)).isoformat(), "settled, and nobody is written down who did it",
    )  # fmt: skip


def test_nobody_pays_out_without_a_name(gateway):
    gateway.clock.advance(days=1)
    configured = SimpleNamespace(units=gateway.parts.units, clock=gateway.clock, settings=None)
    told = CliRunner().invoke(settle_command, [DAY.isoformat()], obj=configured)
    assert (told.exit_code, "--operator" in told.output) == (2, True)
    assert gateway.parts.units.read(lambda work: work.settlements.closed({DAY})) == frozenset()
